import type { MySqlTable } from 'drizzle-orm/mysql-core'
import { compileConfig } from '../../config/compile-config.ts'
import { ConfigError } from '../../config/config-error.ts'
import type { TableEntry } from '../../config/define-config.ts'
import { configMark } from '../../config/define-config.ts'
import { hash } from '../../config/routing.ts'
import { mysqlShards } from '../../config/shards.ts'
import type { DatabaseType } from '../../db/types/database-type.ts'
import type { ShardRoute } from '../../db/types/shard-route.ts'

/** A type as a config declares it, unchecked by TypeScript, so that it may be wrong. */
export interface LooseType {
  readonly shardBy?: ShardRoute
  readonly key?: readonly string[]
  readonly tables: readonly TableEntry[]
  readonly version?: string
  readonly ordered?: boolean
}

const settings = { shards: 8, statementsPerSecond: 0, databaseUrl: () => undefined }

export function compileTypes(
  types: Readonly<Record<string, LooseType>>,
): ReadonlyMap<string, DatabaseType> {
  const shards = mysqlShards({ count: 8, url: () => undefined, statementsPerSecond: 0 })
  const filled = Object.entries(types).map(([name, type]) => [
    name,
    { shardBy: hash('id'), key: ['id'], ...type },
  ])
  const config = { shards, types: Object.fromEntries(filled) }
  return compileConfig({ [configMark]: () => config }, settings, 'test').types
}

export function compileType(type: LooseType): DatabaseType {
  return compileTypes({ thing: type }).get('thing')!
}

/** Everything that is wrong with a type; empty if nothing is. */
export function problemsOf(type: LooseType): readonly string[] {
  try {
    compileType(type)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

export function problemsOfTable(table: MySqlTable): readonly string[] {
  return problemsOf({ tables: [table] })
}
