import { bigint, type MySqlTable } from 'drizzle-orm/mysql-core'
import type { JsonValue } from '../../../core/operation.ts'
import type { DatabaseType } from '../../../db/types/database-type.ts'
import { compileTypes, type LooseType } from '../type-problems.ts'

/** Tables in which one object decides about others, each in its own way, and values that make them meet. */
export interface Design {
  readonly types: ReadonlyMap<string, DatabaseType>
  readonly tables: readonly MySqlTable[]
  /** Run on each database once the tables are there: what Drizzle can't declare. */
  readonly ddl: readonly string[]
  /** What operations give, by property: all spellings of few values. */
  readonly values: Readonly<Record<string, readonly JsonValue[]>>
  /** Tables besides the types' own whose rows must come out the same, by their columns. */
  readonly alsoCompared?: Readonly<Record<string, string>>
}

export function design(
  types: Readonly<Record<string, LooseType>>,
  values: Design['values'],
  more: Partial<Pick<Design, 'ddl' | 'alsoCompared'>> = {},
): Design {
  const tables = Object.values(types).flatMap((type) =>
    type.tables.map((entry) => ('table' in entry ? entry.table : entry) as MySqlTable),
  )
  return { types: compileTypes(types), tables, values, ddl: [], ...more }
}

export const big = (name: string) => bigint(name, { mode: 'bigint', unsigned: true })
