import type { JsonValue } from '../../core/operation.ts'
import type { ColumnCodec, ValueRule } from './column.ts'
import { numberLiteral } from './literal.ts'
import { compareNumbers, compareNumericTexts } from './order.ts'
import type { SqlType } from './sql-type.ts'

const bytesOf: Readonly<Record<string, bigint>> = {
  tinyint: 1n,
  smallint: 2n,
  mediumint: 3n,
  int: 4n,
  bigint: 8n,
  serial: 8n,
}

/** TINYINT to BIGINT. `isSafeOnly`: the program reads it as a number, so larger ones would be lost. */
export function integerCodec(type: SqlType, isSafeOnly: boolean): ColumnCodec {
  const bits = bytesOf[type.name]! * 8n
  const [least, most] = type.isUnsigned
    ? [0n, 2n ** bits - 1n]
    : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]
  const name = type.name === 'serial' ? 'BIGINT' : type.name.toUpperCase()
  const jsonType = type.isUnsigned ? `${name} UNSIGNED` : name
  // JSON_TABLE turns the text '-1' into 2^64 - 1 for BIGINT UNSIGNED without an error: the range is
  // checked here, and amounts, which may be negative, go through DECIMAL.
  const min = isSafeOnly && least < -safeMax ? -safeMax : least
  const max = isSafeOnly && most > safeMax ? safeMax : most
  const isText = bits === 64n
  const span = most - least
  return {
    ...integerRule(min, max, isText),
    form: isText ? 'integer text' : 'integer',
    jsonType,
    literal: numberLiteral,
    compare: isText ? compareNumericTexts : compareNumbers,
    amount: { ...integerRule(-span, span, isText), isExact: true },
  }
}

/** BIT(n), 1 to 64 bits, as an unsigned integer. Adding to bits means nothing. */
export function bitCodec(type: SqlType): ColumnCodec {
  const bits = type.sizes[0] ?? 1
  const isText = bits > 32
  return {
    ...integerRule(0n, 2n ** BigInt(bits) - 1n, isText),
    form: isText ? 'integer text' : 'integer',
    jsonType: 'BIGINT UNSIGNED',
    literal: numberLiteral,
    compare: isText ? compareNumericTexts : compareNumbers,
  }
}

/** YEAR has 1901 to 2155, and 0. */
export function yearCodec(): ColumnCodec {
  const rule = integerRule(0n, 2155n, false)
  return {
    expected: 'a year: an integer from 1901 to 2155, or 0',
    accept(value) {
      const year = rule.accept(value)
      // MySQL would read 1 to 99 as years of 1970 to 2069.
      return year === 0 || Number(year) >= 1901 ? year : undefined
    },
    form: 'integer',
    jsonType: 'YEAR',
    literal: numberLiteral,
    compare: compareNumbers,
  }
}

const safeMax = BigInt(Number.MAX_SAFE_INTEGER)
const plainInteger = /^(?:0|-?[1-9]\d*)$/
/** Texts up to here are safe integers whatever their digits are. */
const safeDigits = 15

/**
 * Integers of a range, as numbers where they are safe, or as plain decimal texts. Canonical is a text
 * where the column holds 64 bits, else a number.
 */
function integerRule(min: bigint, max: bigint, isText: boolean): ValueRule {
  const numberMin = Number(min < -safeMax ? -safeMax : min)
  const numberMax = Number(max > safeMax ? safeMax : max)
  const least = String(min)
  const most = String(max)
  return {
    expected: `an integer from ${min} to ${max}`,
    accept: isText ? acceptText : acceptNumber,
    explain: explainInteger,
  }

  function acceptNumber(value: unknown): JsonValue | undefined {
    const number = typeof value === 'number' ? value : numberOf(value)
    // The sum turns -0 into 0.
    return isInRange(number) ? number + 0 : undefined
  }

  function acceptText(value: unknown): JsonValue | undefined {
    if (typeof value !== 'string') {
      return typeof value === 'number' && isInRange(value) ? String(value) : undefined
    }
    if (!plainInteger.test(value)) return undefined
    if (value.length <= safeDigits) return isInRange(Number(value)) ? value : undefined
    if (value.startsWith('-')) return isWithin(value, least) ? value : undefined
    return isWithin(value, most) ? value : undefined
  }

  function isInRange(number: number): boolean {
    return Number.isInteger(number) && number >= numberMin && number <= numberMax
  }
}

/** Whether a plain integer is no farther from zero than a limit of the same sign. */
function isWithin(integer: string, limit: string): boolean {
  return integer.length === limit.length ? integer <= limit : integer.length < limit.length
}

function numberOf(value: unknown): number {
  return typeof value === 'string' && plainInteger.test(value) ? Number(value) : Number.NaN
}

/** The two mistakes that a range does not explain. */
export function explainInteger(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return 'is beyond what a JSON number holds exactly (2^53 - 1): send it as a string'
  }
  if (typeof value === 'string' && /^\s*[-+]?\d+\s*$/.test(value) && !plainInteger.test(value)) {
    return 'must be a plain integer, without leading zeros, plus sign or spaces'
  }
  return undefined
}
