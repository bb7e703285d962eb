import { type SQL, sql } from 'drizzle-orm'
import { exactCollation } from '../schema.ts'
import type { DatabaseColumn } from '../types/database-type.ts'
import type { PlannedColumn, PlannedTable } from './effect-plan.ts'

/** The rows that a statement brings, as its conditions see them. */
export interface NewRows {
  value(column: PlannedColumn): SQL
  /** What the stored version must be below. */
  guard(guard: NonNullable<PlannedTable['guard']>): SQL
}

/** The stored row of a key: `t`.`id` = `new`.`id`. */
export function sameKey(stored: SQL, table: PlannedTable, rows: NewRows): SQL {
  // A text key's collation is binary: it wins over the parameter's, and the index serves.
  return allOf(table.key.map((column) => sql`${field(stored, column)} = ${rows.value(column)}`))
}

/** Whether the stored row has the shard key that was sent; undefined for a table without one. */
export function sameShard(stored: SQL, table: PlannedTable, rows: NewRows): SQL | undefined {
  if (table.shard.length === 0) return undefined
  return allOf(
    table.shard.map((column) => {
      // The shard was found by the exact text: any other collation of the column must not decide.
      const collate = isText(column) ? sql` COLLATE ${sql.raw(exactCollation)}` : sql``
      return sql`${field(stored, column)} = ${rows.value(column)}${collate}`
    }),
  )
}

/** Whether the stored version lets the row pass; undefined for a table without one. */
export function olderVersion(stored: SQL, table: PlannedTable, rows: NewRows): SQL | undefined {
  if (!table.guard) return undefined
  return sql`(${field(stored, table.guard.column)} >= ${rows.guard(table.guard)}) IS NOT TRUE`
}

/** Key, shard key and version together: the stored row that the sent row may change. */
export function matches(stored: SQL, table: PlannedTable, rows: NewRows): SQL {
  return allOf([
    sameKey(stored, table, rows),
    sameShard(stored, table, rows),
    olderVersion(stored, table, rows),
  ])
}

export function field(stored: SQL, column: DatabaseColumn): SQL {
  return sql`${stored}.${sql.identifier(column.name)}`
}

export function allOf(conditions: readonly (SQL | undefined)[]): SQL {
  return sql.join(
    conditions.filter((condition) => condition !== undefined),
    sql` AND `,
  )
}

function isText(column: PlannedColumn): boolean {
  return (
    !column.fromJson &&
    /TEXT|CHAR/i.test(column.jsonType) &&
    /char|text|enum/.test(column.column.getSQLType())
  )
}
