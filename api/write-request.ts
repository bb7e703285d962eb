import type { ObjectType, OperationIssue } from '../core/object-type.ts'
import type { Operation, OperationKind } from '../core/operation.ts'
import { operationKinds } from '../core/operation.ts'
import { excerpt, Problem } from './problem.ts'

export interface WriteRequestOptions {
  readonly types: ReadonlyMap<string, ObjectType>
  readonly maxOperations: number
  /** Errors listed in the answer; the rest are counted. */
  readonly maxErrors: number
  /** Throws a Problem where the caller may not write a type. */
  requireMayWrite(type: string): void
}

/**
 * The operations of a request's parsed body: `{"operations": [{type, op, object, by?}, …]}`, or of
 * one kind `{type, op, objects: […], by?}`, where `by` counts for each object. All or none: throws a
 * 422 Problem that names each invalid operation by its index, and by a JSON pointer inside it.
 */
export function parseWriteRequest(body: unknown, options: WriteRequestOptions): Operation[] {
  const issues = new Issues(options.maxErrors)
  const reader = new OperationReader(options, issues)
  const operations = isObject(body)
    ? 'operations' in body
      ? readList(body, reader, issues)
      : readOneKind(body, reader, issues)
    : issues.ofRequest('', 'must be an object with `operations`, or with `type`, `op`, `objects`')
  issues.throwIfAny()
  return operations as Operation[]
}

/** Undefined where the operation is invalid; `Issues` holds why. */
type ReadOperation = Operation | undefined

function readList(body: JsonObject, reader: OperationReader, issues: Issues): ReadOperation[] {
  for (const name in body) {
    if (name === 'operations') continue
    const why = listForm.has(name)
      ? 'belongs to the form with `objects`; send one form or the other'
      : `is unknown; beside \`operations\` nothing is read`
    issues.ofRequest(pointer(name), why)
  }
  const list = reader.requireList(body.operations, '/operations')
  return list.map((item, index) => reader.readOperation(index, item))
}

function readOneKind(body: JsonObject, reader: OperationReader, issues: Issues): ReadOperation[] {
  for (const name in body) {
    if (!listForm.has(name)) issues.ofRequest(pointer(name), `is unknown; ${known(listForm)}`)
  }
  const type = reader.readType(body.type, requestIndex)
  const kind = reader.readKind(body.op, requestIndex)
  const list = reader.requireList(body.objects, '/objects')
  if (!type || !kind) return []
  return list.map((object, index) => reader.parse(index, type, kind, object, body.by))
}

const listForm: ReadonlySet<string> = new Set(['type', 'op', 'objects', 'by'])
const operationFields: ReadonlySet<string> = new Set(['type', 'op', 'object', 'by'])

/** Stands for the index where an issue is not one operation's. */
const requestIndex = null

class OperationReader {
  readonly #options: WriteRequestOptions
  readonly #issues: Issues
  /** Reused for each operation: nearly all have none. */
  readonly #found: OperationIssue[] = []

  constructor(options: WriteRequestOptions, issues: Issues) {
    this.#options = options
    this.#issues = issues
  }

  requireList(value: unknown, path: string): unknown[] {
    const { maxOperations } = this.#options
    if (!Array.isArray(value) || value.length === 0) {
      const why = Array.isArray(value) ? 'is empty' : `must be a list, not ${describe(value)}`
      return this.#issues.ofRequest(path, why)
    }
    if (value.length > maxOperations) {
      throw new Problem(
        'too-large',
        `A request holds at most ${maxOperations} operations, this one has ${value.length}: split it into several requests.`,
        { extensions: { maxOperations } },
      )
    }
    return value
  }

  readOperation(index: number, item: unknown): ReadOperation {
    if (!isObject(item)) {
      this.#issues.add(index, '', `must be an object, not ${describe(item)}`)
      return undefined
    }
    for (const name in item) {
      if (operationFields.has(name)) continue
      this.#issues.add(index, pointer(name), `is unknown; ${known(operationFields)}`)
    }
    const type = this.readType(item.type, index)
    const kind = this.readKind(item.op, index)
    return type && kind && this.parse(index, type, kind, item.object, item.by)
  }

  readType(value: unknown, index: number | null): ObjectType | undefined {
    const { types } = this.#options
    const type = typeof value === 'string' ? types.get(value) : undefined
    if (!type) this.#issues.add(index, '/type', `${unknownName(value)}; ${known(types.keys())}`)
    else this.#options.requireMayWrite(type.name)
    return type
  }

  readKind(value: unknown, index: number | null): OperationKind | undefined {
    const kind = operationKinds.find((kind) => kind === value)
    if (!kind) this.#issues.add(index, '/op', `${unknownName(value)}; ${known(operationKinds)}`)
    return kind
  }

  parse(
    index: number,
    type: ObjectType,
    kind: OperationKind,
    object: unknown,
    by: unknown,
  ): ReadOperation {
    const parsed = type.parse(kind, object, by, this.#found)
    if (this.#found.length === 0 && parsed) {
      return parsed.by
        ? { index, type: type.name, kind, object: parsed.object, by: parsed.by }
        : { index, type: type.name, kind, object: parsed.object }
    }
    for (const { path, message } of this.#found.splice(0)) this.#issues.add(index, path, message)
    return undefined
  }
}

/** What is wrong with a request: the first ones listed, all counted. */
class Issues {
  readonly #max: number
  readonly #listed: { index: number | null; path: string; message: string }[] = []
  #count = 0

  constructor(max: number) {
    this.#max = max
  }

  add(index: number | null, path: string, message: string): void {
    this.#count++
    if (this.#listed.length >= this.#max) return
    this.#listed.push({ index, path: excerpt(path, 200), message: excerpt(message, 500) })
  }

  /** For what is not one operation's. Nothing can be read then. */
  ofRequest(path: string, message: string): never[] {
    this.add(requestIndex, path, message)
    return []
  }

  throwIfAny(): void {
    if (this.#count === 0) return
    const [first] = this.#listed
    const where =
      first!.index === requestIndex
        ? first!.path || 'the body'
        : `operation ${first!.index}${first!.path && `, ${first!.path}`}`
    throw new Problem(
      'invalid-operations',
      `Nothing was written. ${this.#count === 1 ? 'One error' : `${this.#count} errors, the first`}: ${where} ${first!.message}.`,
      { extensions: { errors: this.#listed, errorCount: this.#count } },
    )
  }
}

type JsonObject = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function describe(value: unknown): string {
  if (value === undefined) return 'absent'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function unknownName(value: unknown): string {
  if (typeof value !== 'string') return `must be a string, not ${describe(value)}`
  return `${JSON.stringify(excerpt(value))} is unknown`
}

function known(names: Iterable<string>): string {
  return `known are ${[...names].join(', ')}`
}

/** A JSON pointer (RFC 6901) to a member. */
function pointer(name: string): string {
  return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
