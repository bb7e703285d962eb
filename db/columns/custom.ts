import { Buffer } from 'node:buffer'
import type { MySqlColumn } from 'drizzle-orm/mysql-core'
import type { JsonValue } from '../../core/operation.ts'
import type { ColumnCodec } from './column.ts'
import { refusal } from './column.ts'
import { jsonProblem } from './json.ts'

/**
 * A custom type with a `toDriver` of its own: what stands on the wire is the program's value as JSON,
 * and `toDriver` makes of it what the SQL type takes. Whether two such values are one in MySQL can't
 * be told, so they are no keys; and adding to them means nothing.
 */
export function customCodec(column: MySqlColumn, inner: ColumnCodec): ColumnCodec {
  const codec: ColumnCodec = {
    expected: `a value that the column's own type takes, as ${inner.expected}`,
    accept: (value) => (problemOf(value) === undefined ? (value as JsonValue) : undefined),
    explain: problemOf,
    form: `custom ${column.getSQLType()}`,
    jsonType: inner.jsonType,
    literal: inner.literal,
    encode(value) {
      if (value === null) return null
      const accepted = inner.accept(wireValueOf(column.mapToDriverValue(value), inner))
      if (accepted === undefined) throw new TypeError(`${column.name}: toDriver gave another value`)
      return inner.encode ? inner.encode(accepted) : accepted
    },
  }
  return inner.fromJson ? { ...codec, fromJson: inner.fromJson } : codec

  function problemOf(value: unknown): string | undefined {
    const problem = jsonProblem(value)
    if (problem) return problem
    let driverValue: unknown
    try {
      driverValue = wireValueOf(column.mapToDriverValue(value), inner)
    } catch {
      // Its message may hold the value.
      return "is refused by the column's own type"
    }
    if (driverValue === null || inner.accept(driverValue) === undefined) {
      return `makes a value for MySQL that ${refusal(inner, driverValue)}`
    }
    return undefined
  }
}

/** What a program hands to a driver, as it would stand on the wire; a text for bytes is its UTF-8. */
export function wireValueOf(value: unknown, { form }: Pick<ColumnCodec, 'form'>): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof value === 'string' && form.startsWith('base64')) {
    return Buffer.from(value).toString('base64')
  }
  return value
}
