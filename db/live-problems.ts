import { getTableConfig, type MySqlTable } from 'drizzle-orm/mysql-core'
import { problemsOfColumns } from './live-columns.ts'
import { problemsOfConstraints } from './live-constraints.ts'
import { collationRequirements } from './live-requirements.ts'
import type { LiveTable } from './live-tables.ts'
import { keyIndex } from './statements/key-index.ts'
import type { DatabaseTable, DatabaseType } from './types/database-type.ts'

export type LiveTables = ReadonlyMap<string, LiveTable>

/** What keeps the types' tables from being written rightly, in words; empty if nothing does. */
export function problemsOfTypes(
  types: readonly DatabaseType[],
  live: LiveTables,
): readonly string[] {
  const problems = types.flatMap((type) => problemsOfType(type, live))
  return [...problems, ...problemsOfConstraints(types, live)]
}

/** The columns of a table that its database lacks, or that the table is missing altogether. */
export function missingParts(table: MySqlTable, live: LiveTables): readonly string[] {
  const { name, columns } = getTableConfig(table)
  const found = live.get(name)
  if (!found) return [`table ${name} is missing`]
  return columns
    .filter((column) => !found.columns.has(column.name))
    .map((column) => `column ${name}.${column.name} is missing`)
}

/** The same of one type's tables and columns, without what ties it to others. */
export function problemsOfType(type: DatabaseType, live: LiveTables): readonly string[] {
  const problems = type.databaseTables.flatMap((table, index) => {
    const found = live.get(table.name)
    if (!found) return [`table ${table.name} of type ${type.name} is missing`]
    return [...problemsOfTable(table, found), ...problemsOfColumns(type, index, found)]
  })
  for (const { table, column, expected, reason } of collationRequirements([type])) {
    const collation = live.get(table)?.columns.get(column)?.collation
    if (collation === undefined || collation === expected) continue
    problems.push(
      `column ${table}.${column} has collation ${collation}, expected ${expected}: ${reason}`,
    )
  }
  return problems
}

function problemsOfTable(table: DatabaseTable, live: LiveTable): string[] {
  const problems: string[] = []
  const { name, columns } = table
  if (live.engine !== 'InnoDB') {
    problems.push(
      `table ${name} is stored by ${live.engine}, expected InnoDB: it has no transactions`,
    )
  }
  for (const { name: column } of columns) {
    if (!live.columns.has(column)) problems.push(`column ${name}.${column} is missing`)
  }
  const key = columns.filter(({ role }) => role === 'key').map((column) => column.name)
  const isThere = live.uniques.some(
    ({ parts }) =>
      parts.length === key.length &&
      parts.every(({ column, isWhole }) => isWhole && key.includes(column!)),
  )
  if (!isThere) {
    const declared = keyIndex(table)
    problems.push(
      `table ${name} has no unique key of ${key.join(', ')} alone${declared ? `, though the config declares ${declared}` : ''}`,
    )
  }
  return problems
}
