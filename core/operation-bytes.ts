import type { ObjectType } from './object-type.ts'
import type { JsonValue, WireObject } from './operation.ts'

/** A comma, and quotes where there are some. */
const bytesAround = 3
const numberBytes = 24
/** `null,` for each property that is not given, and as much for flags. */
const absentBytes = 5

/**
 * About what an operation takes in a statement's parameter, a byte per character: one pass over its
 * values that costs next to nothing. Whoever compares it with a limit leaves room for characters
 * of several bytes.
 */
export function operationBytes(
  { properties }: ObjectType,
  { object, by }: { readonly object: WireObject; readonly by?: WireObject },
): number {
  return properties.size * absentBytes + valueBytes(object) + (by ? valueBytes(by) : 0)
}

/** What a row grows by, or shrinks, when an operation's values go over its own. */
export function foldedBytes(
  row: { readonly set: WireObject; readonly add?: WireObject },
  { object, by }: { readonly object: WireObject; readonly by?: WireObject },
): number {
  return overBytes(row.set, object) + (by ? overBytes(row.add ?? {}, by) : 0)
}

function overBytes(values: WireObject, over: WireObject): number {
  let bytes = 0
  for (const property in over) {
    const before = values[property]
    bytes += bytesOf(over[property]!)
    bytes += before === undefined ? bytesAround : -bytesOf(before)
  }
  return bytes
}

function valueBytes(values: WireObject): number {
  let bytes = 0
  for (const property in values) bytes += bytesAround + bytesOf(values[property]!)
  return bytes
}

function bytesOf(value: JsonValue): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return numberBytes
  return JSON.stringify(value).length
}
