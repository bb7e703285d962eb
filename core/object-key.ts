import type { Source } from './source.ts'

/** A text that is equal for operations on one object of a type: canonical values make it so. */
export function objectKey({ type, operation: { object } }: Source): string {
  const { key } = type
  if (key.length === 1) return String(object[key[0]!])
  return JSON.stringify(key.map((property) => object[property]))
}
