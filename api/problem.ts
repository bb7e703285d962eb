/** RFC 9457 problem details: what each error answer of the API carries. */

export type ProblemName =
  | 'bad-request'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'unsupported-media-type'
  | 'too-large'
  | 'invalid-operations'
  | 'idempotency-key-under-way'
  | 'idempotency-key-reused'
  | 'unknown-receipt'
  | 'job-not-over'
  | 'nothing-to-retry'
  | 'overloaded'
  | 'spool-unavailable'
  | 'log-unavailable'
  | 'log-full'
  | 'not-ready'
  | 'shard-unavailable'
  | 'job-results-unavailable'
  | 'internal'

interface ProblemKind {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 500 | 501 | 503
  readonly title: string
}

export const problemKinds: Readonly<Record<ProblemName, ProblemKind>> = {
  'bad-request': { status: 400, title: 'The request cannot be read' },
  unauthorized: { status: 401, title: 'No valid API key was sent' },
  forbidden: { status: 403, title: 'This API key may not do that' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'method-not-allowed': { status: 405, title: 'This method is not served here' },
  'unsupported-media-type': { status: 415, title: 'This content type is not read here' },
  'too-large': { status: 413, title: 'The request is too large' },
  'invalid-operations': { status: 422, title: 'The request holds invalid operations' },
  'idempotency-key-under-way': { status: 409, title: 'The same request is being answered' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key stands for another body' },
  'unknown-receipt': { status: 404, title: 'This receipt is not known' },
  'job-not-over': { status: 409, title: 'The job is not over' },
  'nothing-to-retry': { status: 409, title: 'No operation of the job failed' },
  overloaded: { status: 503, title: 'The API holds as many requests as it can' },
  'spool-unavailable': { status: 503, title: 'The API cannot keep the request on its disk' },
  'log-unavailable': { status: 503, title: 'The log does not answer' },
  'log-full': { status: 503, title: 'The log has no room left' },
  'not-ready': { status: 503, title: 'The API is not ready' },
  'shard-unavailable': { status: 503, title: 'A shard does not answer' },
  'job-results-unavailable': { status: 501, title: 'This API cannot read the shards' },
  internal: { status: 500, title: 'Something went wrong inside the API' },
}

export interface ProblemOptions {
  /** Further members of the answer's body. */
  readonly extensions?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** Thrown where a request ends early; the app answers with it. The message is the `detail`. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly problem: ProblemName
  readonly status: ProblemKind['status']
  readonly #options: ProblemOptions

  constructor(problem: ProblemName, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause })
    this.problem = problem
    this.status = problemKinds[problem].status
    this.#options = options
  }

  toJSON(): Record<string, unknown> {
    return {
      type: `urn:sluice:problem:${this.problem}`,
      title: problemKinds[this.problem].title,
      status: this.status,
      detail: this.message,
      ...this.#options.extensions,
    }
  }

  toResponse(): Response {
    return new Response(JSON.stringify(this), {
      status: this.status,
      headers: { 'content-type': 'application/problem+json', ...this.#options.headers },
    })
  }
}

/** Text from outside, cut so that an answer stays small. */
export function excerpt(text: string, maxLength = 80): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`
}
