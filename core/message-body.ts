import type { JsonValue, Operation, OperationKind, WireObject } from './operation.ts'
import { operationKinds } from './operation.ts'

/**
 * A message's JSON: `{"job","tenant","shapes":[[type, op, [property…], [amount…]?]…],"operations":[…]}`.
 * A shape says once what many operations have in common: their type, their kind, and the names of
 * the values they give. `operations` is flat: for each one its shape's number, its index, then its
 * values. Names that are not repeated make it a quarter shorter, and a third faster to read.
 */
export interface MessageBody {
  readonly job: string
  readonly tenant: string
  readonly shapes: readonly OperationShape[]
  readonly operations: readonly Operation[]
}

export interface OperationShape {
  readonly type: string
  readonly kind: OperationKind
  /** The names of the object's values, in their order. */
  readonly properties: readonly string[]
  /** The names of an increment's amounts; undefined for all others. */
  readonly amounts: readonly string[] | undefined
}

type EncodedShape = readonly [
  type: string,
  op: OperationKind,
  properties: readonly string[],
  amounts?: readonly string[],
]

export function encodeBody(job: string, tenant: string, operations: readonly Operation[]): string {
  const shapes = new ShapeList()
  const flat: JsonValue[] = []
  for (const operation of operations) {
    const { index, object, by } = operation
    flat.push(shapes.numberOf(operation), index)
    for (const name in object) flat.push(object[name]!)
    if (by) for (const name in by) flat.push(by[name]!)
  }
  return JSON.stringify({ job, tenant, shapes: shapes.encoded, operations: flat })
}

/** The shapes met so far. Neighbours mostly share one, so the last one is tried first. */
class ShapeList {
  readonly encoded: EncodedShape[] = []
  readonly #numbers = new Map<string, number>()
  #last: EncodedShape | undefined
  #lastNumber = -1

  numberOf(operation: Operation): number {
    if (!this.#last || !hasShape(operation, this.#last)) {
      const shape = shapeOf(operation)
      const key = JSON.stringify(shape)
      this.#lastNumber = this.#numbers.get(key) ?? this.encoded.push(shape) - 1
      this.#numbers.set(key, this.#lastNumber)
      this.#last = shape
    }
    return this.#lastNumber
  }
}

function shapeOf({ type, kind, object, by }: Operation): EncodedShape {
  const properties = Object.keys(object)
  return by ? [type, kind, properties, Object.keys(by)] : [type, kind, properties]
}

function hasShape({ type, kind, object, by }: Operation, shape: EncodedShape): boolean {
  const [shapeType, op, properties, amounts] = shape
  if (type !== shapeType || kind !== op || !hasNames(object, properties)) return false
  return by ? amounts !== undefined && hasNames(by, amounts) : amounts === undefined
}

function hasNames(object: WireObject, names: readonly string[]): boolean {
  let i = 0
  for (const name in object) if (names[i++] !== name) return false
  return i === names.length
}

/** The body of a parsed message, or what in it is of no known form. Never repeats its values. */
export function decodeBody(parsed: unknown): MessageBody | string {
  const { job, tenant, shapes: encoded, operations: flat } = Object(parsed)
  if (typeof job !== 'string' || typeof tenant !== 'string') return 'no job or tenant'
  if (!Array.isArray(encoded) || !Array.isArray(flat)) return 'no shapes or operations'
  const shapes: OperationShape[] = []
  for (const shape of encoded) {
    const decoded = decodeShape(shape)
    if (!decoded) return `a shape ${shapes.length} of another form`
    shapes.push(decoded)
  }
  const operations = decodeOperations(shapes, flat)
  return typeof operations === 'string' ? operations : { job, tenant, shapes, operations }
}

function decodeShape(shape: unknown): OperationShape | undefined {
  if (!Array.isArray(shape)) return undefined
  const [type, kind, properties, amounts] = shape
  if (typeof type !== 'string' || !operationKinds.includes(kind)) return undefined
  if (!areNames(properties) || (amounts !== undefined && !areNames(amounts))) return undefined
  return { type, kind, properties, amounts }
}

function areNames(names: unknown): names is string[] {
  if (!Array.isArray(names) || new Set(names).size < names.length) return false
  // Assigning to `__proto__` makes no property.
  return names.every((name) => typeof name === 'string' && name !== '__proto__')
}

function decodeOperations(
  shapes: readonly OperationShape[],
  flat: readonly JsonValue[],
): Operation[] | string {
  const operations: Operation[] = []
  let at = 0
  while (at < flat.length) {
    const number = flat[at]
    const index = flat[at + 1]
    at += 2
    const shape = typeof number === 'number' ? shapes[number] : undefined
    if (!shape || !Number.isSafeInteger(index) || Number(index) < 0) return another(operations)
    const { type, kind, properties, amounts } = shape
    const end = at + properties.length + (amounts?.length ?? 0)
    if (end > flat.length) return another(operations)
    const object = objectOf(properties, flat, at)
    const operation = { index: index as number, type, kind, object }
    operations.push(
      amounts ? { ...operation, by: objectOf(amounts, flat, at + properties.length) } : operation,
    )
    at = end
  }
  return operations.length > 0 ? operations : 'no operations'
}

function another(before: readonly Operation[]): string {
  return `an operation ${before.length} of another form`
}

function objectOf(names: readonly string[], flat: readonly JsonValue[], at: number): WireObject {
  const object: Record<string, JsonValue> = {}
  for (let i = 0; i < names.length; i++) object[names[i]!] = flat[at + i]!
  return object
}
