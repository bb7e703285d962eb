import { parseSqlType } from './columns/sql-type.ts'
import { exactCollation } from './schema.ts'
import type { DatabaseType } from './types/database-type.ts'

/** What Drizzle can't declare of a column, so that only the live database can show it. */
export interface CollationRequirement {
  readonly type: string
  /** Names in MySQL. */
  readonly table: string
  readonly column: string
  /** The collation that the column must have. */
  readonly expected: string
  readonly reason: string
}

/**
 * String key columns must compare as the core does, by code point and without padding, and in
 * utf8mb4: with any other character set or collation the key's index can't serve (full scans).
 */
export function collationRequirements(types: Iterable<DatabaseType>): CollationRequirement[] {
  const requirements: CollationRequirement[] = []
  for (const type of types) {
    for (const { name: table, columns } of type.databaseTables) {
      for (const { name: column, role, column: drizzle } of columns) {
        const sqlType = parseSqlType(drizzle.getSQLType())?.name
        if (role !== 'key' || (sqlType !== 'char' && sqlType !== 'varchar')) continue
        requirements.push({
          type: type.name,
          table,
          column,
          expected: exactCollation,
          reason: 'a key must tell apart all texts that differ, also in case and trailing spaces',
        })
      }
    }
  }
  return requirements
}
