import type { Operation } from '../core/operation.ts'
import { Issues, requestIndex } from './issues.ts'
import type { JsonObject, OperationRules, ReadOperation } from './operation-reader.ts'
import { describe, isObject, known, OperationReader, pointer } from './operation-reader.ts'
import { Problem } from './problem.ts'

export interface WriteRequestOptions extends OperationRules {
  readonly maxOperations: number
  /** Errors listed in the answer; the rest are counted. */
  readonly maxErrors: number
}

/**
 * The operations of a request's parsed body: `{"operations": [{type, op, object, by?}, …]}`, or of
 * one kind `{type, op, objects: […], by?}`, where `by` counts for each object. All or none: throws a
 * 422 Problem that names each invalid operation by its index, and by a JSON pointer inside it.
 */
export function parseWriteRequest(body: unknown, options: WriteRequestOptions): Operation[] {
  const issues = new Issues(options.maxErrors)
  const reader = new OperationReader(options, issues)
  const { maxOperations } = options
  const operations = isObject(body)
    ? 'operations' in body
      ? readList(body, reader, issues, maxOperations)
      : readOneKind(body, reader, issues, maxOperations)
    : issues.ofRequest('', 'must be an object with `operations`, or with `type`, `op`, `objects`')
  issues.throwIfAny()
  return operations as Operation[]
}

function readList(
  body: JsonObject,
  reader: OperationReader,
  issues: Issues,
  maxOperations: number,
): ReadOperation[] {
  for (const name in body) {
    if (name === 'operations') continue
    const why = listForm.has(name)
      ? 'belongs to the form with `objects`; send one form or the other'
      : `is unknown; beside \`operations\` nothing is read`
    issues.ofRequest(pointer(name), why)
  }
  const list = requireList(body.operations, '/operations', issues, maxOperations)
  return list.map((item, index) => reader.readOperation(index, item))
}

function readOneKind(
  body: JsonObject,
  reader: OperationReader,
  issues: Issues,
  maxOperations: number,
): ReadOperation[] {
  for (const name in body) {
    if (!listForm.has(name)) issues.ofRequest(pointer(name), `is unknown; ${known(listForm)}`)
  }
  const type = reader.readType(body.type, requestIndex)
  const kind = reader.readKind(body.op, requestIndex)
  const list = requireList(body.objects, '/objects', issues, maxOperations)
  if (!type || !kind) return []
  return list.map((object, index) => reader.parse(index, type, kind, object, body.by))
}

const listForm: ReadonlySet<string> = new Set(['type', 'op', 'objects', 'by'])

function requireList(
  value: unknown,
  path: string,
  issues: Issues,
  maxOperations: number,
): unknown[] {
  if (!Array.isArray(value) || value.length === 0) {
    const why = Array.isArray(value) ? 'is empty' : `must be a list, not ${describe(value)}`
    return issues.ofRequest(path, why)
  }
  if (value.length > maxOperations) {
    throw new Problem(
      'too-large',
      `A request holds at most ${maxOperations} operations, this one has ${value.length}: split it into several requests, or send one operation a line as application/x-ndjson.`,
      { extensions: { maxOperations } },
    )
  }
  return value
}
