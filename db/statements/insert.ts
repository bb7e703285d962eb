import { type SQL, sql } from 'drizzle-orm'
import type { PlannedColumn, PlannedTable } from './effect-plan.ts'
import { JsonTable } from './json-table.ts'
import { allOf, field, matches } from './match.ts'
import type { RowLayout } from './row-layout.ts'

/** Rows of a plain batch carry all columns; in a sparse one MySQL looks at each row's flags. */
export type InsertVariant = 'plain' | 'sparse'

/** `INSERT … SELECT`: a row whose key exists is error 1062. */
export function createSql(table: PlannedTable, layout: RowLayout, variant: InsertVariant): SQL {
  return insertSql(table, new JsonTable(layout), variant)
}

/**
 * `INSERT … SELECT … ON DUPLICATE KEY UPDATE`. MySQL takes that branch for *any* unique key, so
 * that it would change another object's row where a second unique key is hit, or the right key
 * under another shard key. The first assignment turns those into an error.
 */
export function upsertSql(table: PlannedTable, layout: RowLayout, variant: InsertVariant): SQL {
  const rows = new JsonTable(layout)
  const stored = sql`${sql.identifier(table.name)}`
  const guard = upsertGuard(table)
  const mine = field(stored, guard.column)
  const assignments = [
    sql`${mine} = IF(${allOf([matches(stored, table, rows)])}, ${mine}, ${guard.otherwise})`,
    ...table.values.map((column) => {
      const kept = field(stored, column)
      const value = rows.value(column)
      return variant === 'plain'
        ? sql`${kept} = ${value}`
        : sql`${kept} = IF(${rows.has(column)}, ${value}, ${kept})`
    }),
  ]
  const insert = insertSql(table, rows, variant)
  return sql`${insert} ON DUPLICATE KEY UPDATE ${sql.join(assignments, sql`, `)}`
}

/**
 * The key column whose assignment fails for another object's row, what is assigned then, and the
 * error that it makes. NULL will not do for an integer: an AUTO_INCREMENT column takes it as 0.
 */
export function upsertGuard(table: PlannedTable): {
  readonly column: PlannedColumn
  readonly otherwise: SQL
  readonly errno: number
} {
  const column = table.key[0]!
  return /INT/i.test(column.jsonType)
    ? { column, otherwise: sql`'another row'`, errno: 1366 }
    : { column, otherwise: sql`NULL`, errno: 1048 }
}

function insertSql(table: PlannedTable, rows: JsonTable, variant: InsertVariant): SQL {
  const names = table.columns.map(({ name }) => sql.identifier(name))
  const values = table.columns.map((column) => {
    const value = rows.value(column)
    if (variant === 'plain' || !column.defaultExpression) return value
    return sql`IF(${rows.has(column)}, ${value}, ${column.defaultExpression})`
  })
  const into = sql`INSERT INTO ${sql.identifier(table.name)} (${sql.join(names, sql`, `)})`
  return sql`${into} SELECT ${sql.join(values, sql`, `)} FROM ${rows.source}`
}
