import type { MySqlTable } from 'drizzle-orm/mysql-core'
import type { Config } from '../config/compile-config.ts'
import type { Settings } from '../config/settings.ts'
import type { Offset, ShardId } from '../core/position.ts'
import type { MigrationStep } from '../db/migrate.ts'
import { migrate } from '../db/migrate.ts'
import type { MigrationPlan } from '../db/migration.ts'
import { createLog, openLog } from './open-log.ts'
import { expectationOf, requireAddresses } from './shards.ts'

/**
 * Makes all that the config names: topics or embedded log, databases, tables, identities, first
 * positions. What is there stays as it is. Resolves with what was done, for people.
 */
export async function migrateAll(
  settings: Settings,
  config: Config,
): Promise<readonly MigrationStep[]> {
  await createLog(settings, config.shards.count)
  return migrate(await migrationPlan(settings, config))
}

/** What a migration would find and make; the log must exist, since positions begin in it. */
export async function migrationPlan(settings: Settings, config: Config): Promise<MigrationPlan> {
  const shards = requireAddresses(config)
  const log = await openLog(settings, config.shards.count, 'migrate')
  try {
    const earliest = new Map<ShardId, Offset>()
    for (const { shard } of shards) earliest.set(shard, (await log.bounds(shard)).earliest)
    return {
      ...expectationOf(config, settings, log),
      shards,
      earliest: (shard) => earliest.get(shard)!,
      ownTables: config.createTables ? tablesOf(config) : [],
    }
  } finally {
    await log.close()
  }
}

/** Every table of the config once, in the order of declaration: parents before children. */
function tablesOf({ types }: Config): readonly MySqlTable[] {
  const tables = [...types.values()].flatMap(({ databaseTables }) =>
    databaseTables.map(({ table }) => table),
  )
  return [...new Set(tables)]
}
