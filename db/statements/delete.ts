import { type SQL, sql } from 'drizzle-orm'
import type { PlannedTable } from './effect-plan.ts'
import { JsonTable } from './json-table.ts'
import { byKey } from './key-index.ts'
import { matches } from './match.ts'
import type { RowLayout } from './row-layout.ts'

/** Deletes what is there of the rows; the missing ones are none of its business. */
export function deleteSql(table: PlannedTable, layout: RowLayout): SQL {
  const rows = new JsonTable(layout)
  const stored = sql`${sql.identifier('t')}`
  const on = matches(stored, table, rows)
  const target = sql`${sql.identifier(table.name)} AS ${stored}`
  return sql`DELETE${byKey(table, stored)} ${stored} FROM ${rows.source} STRAIGHT_JOIN ${target} ON ${on}`
}
