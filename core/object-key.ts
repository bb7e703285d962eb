import type { WireObject } from './operation.ts'
import type { Source } from './source.ts'

/** A text that is equal for operations on one object of a type: canonical values make it so. */
export function objectKey({ type, operation: { object } }: Source): string {
  return keyText(type.key, object)
}

/** The text of the object that these properties, in the order of its type's key, lead to. */
export function keyText(properties: readonly string[], object: WireObject): string {
  if (properties.length === 1) return String(object[properties[0]!])
  return JSON.stringify(properties.map((property) => object[property]))
}
