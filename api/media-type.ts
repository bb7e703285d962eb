import { excerpt, Problem } from './problem.ts'

/** The forms of a body: one JSON text, or one on each line. */
export type BodyForm = 'json' | 'ndjson'

/**
 * No name for lines of JSON is registered, so clients send what their tools call it. All mean the
 * same, and the lines show whether they are what they are called.
 */
const forms: ReadonlyMap<string, BodyForm> = new Map([
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
  ['application/x-jsonlines', 'ndjson'],
  ['application/jsonlines', 'ndjson'],
])

/** The form that a request's content type names. Throws a Problem where it is none of `allowed`. */
export function bodyForm(request: Request, allowed: readonly BodyForm[]): BodyForm {
  const contentType = request.headers.get('content-type')
  const [type, ...parameters] = (contentType ?? '').toLowerCase().split(';')
  const charset = parameters.find((parameter) => parameter.trim().startsWith('charset='))
  const isUtf8 = !charset || /^\s*charset="?utf-8"?\s*$/.test(charset)
  const form = forms.get(type!.trim())
  if (form && allowed.includes(form) && isUtf8) return form
  const expected = allowed.includes('ndjson')
    ? 'application/json or application/x-ndjson'
    : 'application/json'
  const found = contentType === null ? 'none' : JSON.stringify(excerpt(contentType))
  throw new Problem(
    'unsupported-media-type',
    `The content type must be ${expected}, in UTF-8; ${found} was sent.`,
  )
}
