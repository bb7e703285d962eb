import type { SQL } from 'drizzle-orm'
import type { JsonValue } from '../../core/operation.ts'
import type { Literal } from './literal.ts'

/** Which wire values are taken, and what their canonical form is. */
export interface ValueRule {
  /** What is taken, for people, after "must be": `an integer from 0 to 255`. */
  readonly expected: string
  /** The canonical form of a value other than null; undefined if the value is refused. */
  accept(value: unknown): JsonValue | undefined
  /** What in particular is wrong with a refused value; undefined where `expected` says it all. */
  explain?(value: unknown): string | undefined
}

/**
 * How the values of one SQL type travel: validated and made canonical when they come in, and exact
 * from a statement's JSON parameter into the column. Each family of types has a file of its own.
 *
 * drizzle-zod is no substitute: it checks the values of JavaScript programs (Date, bigint, Buffer,
 * UTF-16 length), not what stands in JSON, and has no canonical forms.
 */
export interface ColumnCodec extends ValueRule {
  /**
   * Names the canonical form: columns of several tables that one property fills must share it, so
   * that one text is right for all of them.
   */
  readonly form: string
  /** The type to declare in JSON_TABLE. */
  readonly jsonType: string
  /** From JSON_TABLE's column to the column's type, where that is not direct. */
  readonly fromJson?: (value: SQL) => SQL
  /** The SQL literal of a value as the statement's parameter would have it. */
  readonly literal: Literal
  /** From the canonical value to the one in the statement's parameter, where they differ. */
  readonly encode?: (value: JsonValue) => JsonValue
  /**
   * The column's order over canonical values. Types without one have no exact equality either, so
   * they can't be keys, shard keys or versions.
   */
  readonly compare?: (a: JsonValue, b: JsonValue) => number
  /** What an increment takes; absent where adding means nothing. */
  readonly amount?: AmountRule
}

export interface AmountRule extends ValueRule {
  /** Whether amounts add up exactly, so that several increments may become one. */
  readonly isExact: boolean
}

/** Why a value is refused, to stand after its property's name: `must be …, not this string`. */
export function refusal(rule: ValueRule, value: unknown): string {
  return rule.explain?.(value) ?? `must be ${rule.expected}, not ${describe(value)}`
}

/** What kind of value it is; never the value itself, since errors carry no payload. */
export function describe(value: unknown): string {
  if (value === undefined) return 'absent'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  return value === '' ? 'an empty string' : `this ${typeof value}`
}
