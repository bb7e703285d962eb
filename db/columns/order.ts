import type { JsonValue } from '../../core/operation.ts'

/** Orders of canonical values as MySQL's indexes have them. */

export function compareNumbers(a: JsonValue, b: JsonValue): number {
  return Number(a) - Number(b)
}

/**
 * Numbers as plain decimal texts with the same count of digits behind the point, and times, which
 * are such texts too: the longer one is the farther from zero.
 */
export function compareNumericTexts(a: JsonValue, b: JsonValue): number {
  const left = String(a)
  const right = String(b)
  const isNegative = left.startsWith('-')
  if (isNegative !== right.startsWith('-')) return isNegative ? -1 : 1
  if (left === right) return 0
  const order = left.length - right.length || (left < right ? -1 : 1)
  return isNegative ? -order : order
}

/** Dates and date-times in their canonical forms: of one length, largest unit first. */
export function compareTexts(a: JsonValue, b: JsonValue): number {
  return a === b ? 0 : String(a) < String(b) ? -1 : 1
}

/** By code point, as utf8mb4_0900_bin orders strings. JavaScript's `<` goes by UTF-16 units. */
export function compareCodePoints(a: JsonValue, b: JsonValue): number {
  const left = String(a)
  const right = String(b)
  const shorter = Math.min(left.length, right.length)
  for (let i = 0; i < shorter; i++) {
    const order = rank(left.charCodeAt(i)) - rank(right.charCodeAt(i))
    if (order !== 0) return order
  }
  return left.length - right.length
}

/** Surrogates stand for code points above all that one unit can hold. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

const base64Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
/** By character code; -1 is the padding, which ends a value and so sorts first. */
const sextets = Int8Array.from({ length: 128 }, (_, code) =>
  base64Alphabet.indexOf(String.fromCharCode(code)),
)

/** By byte, of values in base64: its digits are the bytes' bits in order. */
export function compareBase64(a: JsonValue, b: JsonValue): number {
  const left = String(a)
  const right = String(b)
  const shorter = Math.min(left.length, right.length)
  for (let i = 0; i < shorter; i++) {
    const order = sextets[left.charCodeAt(i)]! - sextets[right.charCodeAt(i)]!
    if (order !== 0) return order
  }
  return left.length - right.length
}
