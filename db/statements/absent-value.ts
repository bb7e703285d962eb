import { is, SQL } from 'drizzle-orm'
import type { JsonValue } from '../../core/operation.ts'
import { programValues } from '../columns/program-value.ts'
import type { DatabaseColumn } from '../types/database-type.ts'

/** What an inserted row gets in a column that the client left out. */
export type AbsentValue =
  | { readonly kind: 'value'; readonly value: JsonValue }
  /** Drizzle's `$defaultFn` or `$onUpdateFn`: the worker makes one per row. */
  | { readonly kind: 'made'; readonly make: () => JsonValue }
  /** An expression that only MySQL can evaluate. */
  | { readonly kind: 'expression'; readonly expression: SQL }

export function absentValue(column: DatabaseColumn): AbsentValue {
  const { default: fallback, defaultFn, onUpdateFn } = column.column
  const make = defaultFn ?? (fallback === undefined ? onUpdateFn : undefined)
  const json = toJson(column)
  if (make) return { kind: 'made', make: () => json(make()) }
  if (is(fallback, SQL)) return { kind: 'expression', expression: fallback.inlineParams() }
  return { kind: 'value', value: json(fallback) }
}

/** The value that an update writes into a column that the client left out, if there is one. */
export function updateValue(column: DatabaseColumn): (() => JsonValue) | undefined {
  const { onUpdateFn } = column.column
  if (!onUpdateFn) return undefined
  const json = toJson(column)
  return () => json(onUpdateFn())
}

/** From a value as the program has it in Drizzle to the one in the statement's parameter. */
function toJson(column: DatabaseColumn): (value: unknown) => JsonValue {
  const toWire = programValues(column.column)
  return (value) => {
    if (is(value, SQL)) {
      throw new TypeError(
        `column ${column.name}: $defaultFn or $onUpdateFn returns SQL; use .default(sql\`…\`) instead`,
      )
    }
    const wire = toWire(value)
    return column.encode && wire !== null ? column.encode(wire) : wire
  }
}
