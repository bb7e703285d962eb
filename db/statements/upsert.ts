import { type SQL, sql } from 'drizzle-orm'
import type { DatabaseColumn } from '../types/database-type.ts'
import type { PlannedColumn, PlannedTable } from './effect-plan.ts'
import { JsonTable } from './json-table.ts'
import { field, matches, type NewRows } from './match.ts'
import type { RowLayout } from './row-layout.ts'
import { ValuesInsert, valuesAlias } from './values-insert.ts'

/*
 * Upserts are `INSERT … ON DUPLICATE KEY UPDATE`. MySQL takes that branch for *any* unique key, so
 * that it would change another object's row where a second unique key is hit, or the right key
 * under another shard key. The first assignment turns those into an error.
 */

/** Rows that all set the same columns: `INSERT … VALUES`. */
export function uniformUpsert(table: PlannedTable): ValuesInsert {
  return new ValuesInsert(table, (isSet) => {
    const set = table.values.filter(isSet)
    return sql.join(
      [
        ownRowOnly(table, valuesRows),
        ...set.map((column) => assign(table, column, valuesRows.value(column))),
      ],
      sql`, `,
    )
  })
}

/** Rows that set different columns: `INSERT … SELECT` from JSON, with a flag for each column. */
export function sparseUpsertSql(table: PlannedTable, layout: RowLayout, marks = false): SQL {
  const rows = new JsonTable(layout)
  const assignments = [
    ownRowOnly(table, rows),
    ...table.values.map((column) =>
      assign(
        table,
        column,
        sql`IF(${rows.has(column)}, ${rows.value(column)}, ${field(stored(table), column)})`,
      ),
    ),
  ]
  const names = table.columns.map(({ name }) => sql.identifier(name))
  const values = table.columns.map((column) => {
    const value = rows.value(column)
    const { defaultExpression } = column
    return defaultExpression ? sql`IF(${rows.has(column)}, ${value}, ${defaultExpression})` : value
  })
  const where = marks ? sql` WHERE ${rows.mark()}` : sql``
  const insert = sql`INSERT INTO ${stored(table)} (${sql.join(names, sql`, `)}) SELECT ${sql.join(values, sql`, `)} FROM ${rows.source}${where}`
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

function ownRowOnly(table: PlannedTable, rows: NewRows): SQL {
  const { column, otherwise } = upsertGuard(table)
  const mine = field(stored(table), column)
  return sql`${mine} = IF(${matches(stored(table), table, rows)}, ${mine}, ${otherwise})`
}

function assign(table: PlannedTable, column: DatabaseColumn, value: SQL): SQL {
  return sql`${field(stored(table), column)} = ${value}`
}

function stored({ name }: PlannedTable): SQL {
  return sql`${sql.identifier(name)}`
}

/** A version is guarded by the very value that is set; see `StatementTexts`. */
const valuesRows: NewRows = {
  value: (column) => field(sql`${valuesAlias}`, column),
  guard: ({ column }) => field(sql`${valuesAlias}`, column),
}
