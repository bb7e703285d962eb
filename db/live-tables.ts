import { getTableConfig, type MySqlTable } from 'drizzle-orm/mysql-core'
import { collationRequirements } from './live-requirements.ts'
import type { ShardConnection } from './shard-connection.ts'
import { keyIndex } from './statements/key-index.ts'
import type { DatabaseTable, DatabaseType } from './types/database-type.ts'

/** A table as it is in MySQL. */
export interface LiveTable {
  readonly engine: string
  /** Each column's collation; undefined where its type has none. */
  readonly collations: ReadonlyMap<string, string | undefined>
  /** The columns of each unique index. */
  readonly uniques: readonly (readonly string[])[]
}

/** The tables of the connection's database by name. Rejects as `read` does. */
export async function readLiveTables(
  connection: ShardConnection,
): Promise<ReadonlyMap<string, LiveTable>> {
  const tables = new Map<
    string,
    { engine: string; collations: Map<string, string | undefined>; uniques: Map<string, string[]> }
  >()
  for (const row of await connection.read(selectTables)) {
    const engine = String(row.engine)
    tables.set(String(row.name), { engine, collations: new Map(), uniques: new Map() })
  }
  for (const row of await connection.read(selectColumns)) {
    const collation = row.collation === null ? undefined : String(row.collation)
    tables.get(String(row.name))?.collations.set(String(row.field), collation)
  }
  for (const row of await connection.read(selectUniques)) {
    const { uniques } = tables.get(String(row.name)) ?? {}
    const columns = uniques?.get(String(row.key)) ?? []
    uniques?.set(String(row.key), [...columns, String(row.field)])
  }
  return new Map(
    [...tables].map(([name, table]) => [name, { ...table, uniques: [...table.uniques.values()] }]),
  )
}

/** What keeps a type's tables from being written rightly, in words; empty if nothing does. */
export function problemsOfType(
  type: DatabaseType,
  live: ReadonlyMap<string, LiveTable>,
): readonly string[] {
  const problems = type.databaseTables.flatMap((table) => {
    const found = live.get(table.name)
    if (!found) return [`table ${table.name} of type ${type.name} is missing`]
    return problemsOfTable(table, found)
  })
  for (const { table, column, expected, reason } of collationRequirements([type])) {
    const collation = live.get(table)?.collations.get(column)
    if (collation === undefined || collation === expected) continue
    problems.push(
      `column ${table}.${column} has collation ${collation}, expected ${expected}: ${reason}`,
    )
  }
  return problems
}

/** The columns of a table that its database lacks, or that the table is missing altogether. */
export function missingParts(
  table: MySqlTable,
  live: ReadonlyMap<string, LiveTable>,
): readonly string[] {
  const { name, columns } = getTableConfig(table)
  const found = live.get(name)
  if (!found) return [`table ${name} is missing`]
  return columns
    .filter((column) => !found.collations.has(column.name))
    .map((column) => `column ${name}.${column.name} is missing`)
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
    if (!live.collations.has(column)) problems.push(`column ${name}.${column} is missing`)
  }
  const key = columns.filter(({ role }) => role === 'key')
  const names = key
    .map((column) => column.name)
    .sort()
    .join()
  if (!live.uniques.some((unique) => [...unique].sort().join() === names)) {
    const declared = keyIndex(table)
    problems.push(
      `table ${name} has no unique key of ${key.map((column) => column.name).join(', ')} alone${declared ? `, though the config declares ${declared}` : ''}`,
    )
  }
  return problems
}

const selectTables = `SELECT table_name AS name, engine AS engine FROM information_schema.tables
  WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'`

const selectColumns = `SELECT table_name AS name, column_name AS field, collation_name AS collation
  FROM information_schema.columns WHERE table_schema = DATABASE()`

const selectUniques = `SELECT table_name AS name, index_name AS \`key\`,
    -- a part of a column, or an expression, is no column
    IF(sub_part IS NULL, IFNULL(column_name, '?'), '?') AS field
  FROM information_schema.statistics
  WHERE table_schema = DATABASE() AND non_unique = 0
  ORDER BY table_name, index_name, seq_in_index`
