import { type SQL, sql } from 'drizzle-orm'
import type { PlannedTable } from './effect-plan.ts'
import { JsonTable } from './json-table.ts'
import { byKey } from './key-index.ts'
import { olderVersion, sameKey, sameShard } from './match.ts'
import type { RowLayout } from './row-layout.ts'

/**
 * Which keys of a batch exist: (row, mine, older) for each, where `row` counts from 1, `mine` says
 * whether the shard key is the one sent, `older` whether the stored version is below the sent one.
 * It locks what it finds: a plain read could miss or find what the statement before it did not.
 */
export function inspectSql(table: PlannedTable, layout: RowLayout): SQL {
  const rows = new JsonTable(layout)
  const stored = sql`${sql.identifier('t')}`
  const ordinal = rows.ordinal()
  const mine = sameShard(stored, table, rows) ?? sql`TRUE`
  const older = olderVersion(stored, table, rows) ?? sql`TRUE`
  const on = sameKey(stored, table, rows)
  const select = sql`SELECT${byKey(table, stored)} ${ordinal} AS ${sql.identifier('row')}, ${mine} AS ${sql.identifier('mine')}, ${older} AS ${sql.identifier('older')}`
  const target = sql`${sql.identifier(table.name)} AS ${stored}`
  return sql`${select} FROM ${rows.source} STRAIGHT_JOIN ${target} ON ${on} FOR UPDATE OF ${stored}`
}
