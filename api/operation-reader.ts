import type { ObjectType, OperationIssue } from '../core/object-type.ts'
import type { Operation, OperationKind } from '../core/operation.ts'
import { operationKinds } from '../core/operation.ts'
import type { Issues } from './issues.ts'
import { excerpt } from './problem.ts'

export interface OperationRules {
  readonly types: ReadonlyMap<string, ObjectType>
  /** Throws a Problem where the caller may not write a type. */
  requireMayWrite(type: string): void
}

/** Undefined where the operation is invalid; `Issues` holds why. */
export type ReadOperation = Operation | undefined

const operationFields: ReadonlySet<string> = new Set(['type', 'op', 'object', 'by'])

/** Makes operations of parsed values, each validated by its type. */
export class OperationReader {
  readonly #rules: OperationRules
  readonly #issues: Issues
  /** Reused for each operation: nearly all have none. */
  readonly #found: OperationIssue[] = []

  constructor(rules: OperationRules, issues: Issues) {
    this.#rules = rules
    this.#issues = issues
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
    const { types } = this.#rules
    const type = typeof value === 'string' ? types.get(value) : undefined
    if (!type) this.#issues.add(index, '/type', `${unknownName(value)}; ${known(types.keys())}`)
    else this.#rules.requireMayWrite(type.name)
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

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function describe(value: unknown): string {
  if (value === undefined) return 'absent'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function unknownName(value: unknown): string {
  if (typeof value !== 'string') return `must be a string, not ${describe(value)}`
  return `${JSON.stringify(excerpt(value))} is unknown`
}

export function known(names: Iterable<string>): string {
  return `known are ${[...names].join(', ')}`
}

/** A JSON pointer (RFC 6901) to a member. */
export function pointer(name: string): string {
  return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
