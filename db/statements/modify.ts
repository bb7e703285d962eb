import { type SQL, sql } from 'drizzle-orm'
import type { PlannedColumn, PlannedTable } from './effect-plan.ts'
import { JsonTable } from './json-table.ts'
import { byKey } from './key-index.ts'
import { allOf, field, matches } from './match.ts'
import type { RowLayout } from './row-layout.ts'

/** What the rows of a batch do to a column. */
export interface ColumnUse {
  /** Set by all rows, by some, or by none. */
  readonly set: 'all' | 'some' | 'none'
  /** Whether any row adds to it. */
  readonly add: boolean
}

/**
 * One `UPDATE` for updates and increments of any columns. Only the columns that the batch touches
 * are named: one that no row touches would cost as much as one that all rows do.
 */
export function modifySql(
  table: PlannedTable,
  layout: RowLayout,
  useOf: (column: PlannedColumn) => ColumnUse,
  marks = false,
): SQL {
  const rows = new JsonTable(layout)
  const stored = sql.identifier('t')
  const on = allOf([matches(sql`${stored}`, table, rows), marks ? rows.mark() : undefined])
  const assignments = table.values.flatMap((column) => {
    const value = newValue(column, useOf(column), field(sql`${stored}`, column), rows)
    return value ? [sql`${field(sql`${stored}`, column)} = ${value}`] : []
  })
  if (assignments.length === 0) {
    // Nothing to write here, but whether the object is there must still be found out and hold.
    const key = field(sql`${stored}`, table.key[0]!)
    assignments.push(sql`${key} = ${key}`)
  }
  const target = sql`${sql.identifier(table.name)} AS ${stored}`
  const hint = byKey(table, sql`${stored}`)
  return sql`UPDATE${hint} ${rows.source} STRAIGHT_JOIN ${target} ON ${on} SET ${sql.join(assignments, sql`, `)}`
}

function newValue(
  column: PlannedColumn,
  use: ColumnUse,
  kept: SQL,
  rows: JsonTable,
): SQL | undefined {
  if (use.set === 'none' && !use.add) return undefined
  let value = kept
  if (use.set === 'all') value = rows.value(column)
  if (use.set === 'some') value = sql`IF(${rows.has(column)}, ${rows.value(column)}, ${kept})`
  return use.add ? sql`${value} + IFNULL(${rows.amount(column)}, 0)` : value
}
