import { type SQL, sql } from 'drizzle-orm'
import { getTableConfig } from 'drizzle-orm/mysql-core'
import type { DatabaseTable } from '../types/database-type.ts'

/** The name in MySQL of the unique index made of the type's key alone; undefined if there is none. */
export function keyIndex({ table, columns }: DatabaseTable): string | undefined {
  const key = columns.filter(({ role }) => role === 'key').map(({ name }) => name)
  const config = getTableConfig(table)
  const primary =
    config.primaryKeys[0]?.columns.map(({ name }) => name) ??
    config.columns.filter((column) => column.primary).map(({ name }) => name)
  if (sameNames(primary, key)) return 'PRIMARY'
  const uniques = [
    ...config.columns
      .filter((column) => column.isUnique)
      .map((column) => ({ name: column.uniqueName, columns: [column.name] })),
    ...config.uniqueConstraints.map((unique) => ({
      name: unique.getName(),
      columns: unique.columns.map(({ name }) => name),
    })),
    ...config.indexes
      .filter((index) => index.config.unique)
      .map(({ config: { name, columns } }) => ({
        name,
        columns: columns.map((column) => ('name' in column ? column.name : '')),
      })),
  ]
  return uniques.find((unique) => sameNames(unique.columns, key))?.name
}

/**
 * Makes MySQL find the stored rows by their key. Left to itself it scans small tables and tables
 * with old statistics, and a scan locks rows that nobody asked for.
 */
export function byKey(table: DatabaseTable, stored: SQL): SQL {
  const index = keyIndex(table)
  return index === undefined ? sql`` : sql` /*+ INDEX(${stored} ${sql.identifier(index)}) */`
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name))
}
