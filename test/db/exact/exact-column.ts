import type { Buffer } from 'node:buffer'
import type { MySqlColumnBuilderBase } from 'drizzle-orm/mysql-core'
import type { JsonValue } from '../../../core/operation.ts'

/** What a program hands to mysql2. */
export type PlainValue = string | number | Buffer | null

/** A wire value, and what plain mysql2 is given for it. */
export type Pair = readonly [wire: JsonValue, plain: PlainValue]

export interface ExactColumn {
  readonly builder: MySqlColumnBuilderBase
  readonly values: readonly Pair[]
  /** Stored values, as plain ones, and amounts to add to them. */
  readonly sums?: readonly (readonly [stored: PlainValue, amount: JsonValue])[]
}

/** Rows of the matrix: values repeat, but long ones stand in rows of their own. */
export const rowCount = 24

export const same = (...values: (string | number)[]): Pair[] =>
  values.map((value) => [value, value])

export function withLong(values: readonly Pair[], row: number, long: Pair): Pair[] {
  return Array.from({ length: rowCount }, (_, i) => (i === row ? long : values[i % values.length]!))
}
