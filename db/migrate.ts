import type { ShardId } from '../core/position.ts'
import { checkPacketLimit, checkTables } from './check-shard.ts'
import { checkRow, positionGone } from './claim.ts'
import { readRow } from './fence.ts'
import { differenceOf, readIdentity, wrongDatabase } from './identity.ts'
import { readLiveTables } from './live-tables.ts'
import {
  columnsToAdd,
  createDatabase,
  insertIdentity,
  insertOffsets,
  type MigrationPlan,
  type TableToMake,
  tablesToMake,
} from './migration.ts'
import { storeErrorOf } from './mysql-errors.ts'
import { defaultStoreSettings, migrationSettings, type StoreSettings } from './session-settings.ts'
import { databaseOf, describeAddress, type ShardAddress } from './shard-address.ts'
import { ShardConnection } from './shard-connection.ts'

/** Shards set up at a time. */
const concurrency = 4
/** Making a table may wait for a metadata lock, and nothing waits for a migration. */
const statementTimeoutMs = 60_000

export interface MigrationStep {
  readonly shard: ShardId
  /** `made database sluice_0`. */
  readonly done: string
}

/**
 * Makes what is missing on each shard: database, Sluice's tables and their columns that are new, the
 * config's own tables, first position and identity. Changes nothing that is there, so repeating it
 * does nothing. Rejects with a `StoreError` where what is there contradicts the config. Resolves with
 * what was done.
 */
export async function migrate(
  plan: MigrationPlan,
  settings: StoreSettings = defaultStoreSettings,
): Promise<readonly MigrationStep[]> {
  const tables = tablesToMake(plan)
  const waiting = [...plan.shards]
  const steps: MigrationStep[] = []
  const work = async () => {
    for (let address = waiting.shift(); address; address = waiting.shift()) {
      const { shard } = address
      const done = await migrateShard(address, plan, tables, settings)
      steps.push(...done.map((step) => ({ shard, done: step })))
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return steps.sort((a, b) => a.shard - b.shard)
}

async function migrateShard(
  address: ShardAddress,
  plan: MigrationPlan,
  tables: readonly TableToMake[],
  settings: StoreSettings,
): Promise<string[]> {
  try {
    const made = await makeDatabase(address, settings)
    const connection = await open(address, settings)
    try {
      return [...made, ...(await migrateDatabase(connection, address, plan, tables))]
    } finally {
      await connection.close()
    }
  } catch (error) {
    throw storeErrorOf(error, describeAddress(address))
  }
}

async function makeDatabase(address: ShardAddress, settings: StoreSettings): Promise<string[]> {
  const server = new URL(address.url)
  server.pathname = ''
  const connection = await open({ ...address, url: server.href }, settings)
  try {
    const database = databaseOf(address)
    const [found] = await connection.read(
      'SELECT 1 AS found FROM information_schema.schemata WHERE schema_name = ?',
      [database],
    )
    if (found) return []
    await connection.command(createDatabase(address))
    return [`made database ${database}`]
  } finally {
    await connection.close()
  }
}

async function migrateDatabase(
  connection: ShardConnection,
  address: ShardAddress,
  plan: MigrationPlan,
  tables: readonly TableToMake[],
): Promise<string[]> {
  const live = await readLiveTables(connection)
  const { cluster, map } = plan
  const identity = { cluster, map, shard: address.shard }
  // Before anything is made: this may be somebody else's database.
  const found = live.has('sluice_identity') ? await readIdentity(connection) : undefined
  const difference = found && differenceOf(identity, found)
  if (difference !== undefined) throw wrongDatabase(address, difference)

  const done: string[] = []
  for (const { name, ddl } of tables) {
    if (live.has(name)) continue
    await connection.command(ddl)
    done.push(`made table ${name}`)
  }
  for (const { table, column, ddl } of columnsToAdd(live)) {
    await connection.command(ddl)
    done.push(`added column ${column} to ${table}`)
  }
  checkTables(address, plan, await readLiveTables(connection))
  await checkPacketLimit(connection, address, plan.packetBytes)
  const row = await readRow(connection, { topic: plan.topic, shard: address.shard })
  if (row) {
    checkRow(row, plan, address)
  } else if (found) {
    throw positionGone(address, plan.topic)
  } else {
    await connection.command(insertOffsets(plan, address.shard))
    done.push(`set its position to offset ${plan.earliest(address.shard)} of ${plan.topic}`)
  }
  // Last: a database that says who it is has been set up to the end.
  if (!found) {
    await connection.command(insertIdentity(identity))
    done.push(`made it shard ${address.shard} of ${cluster}`)
  }
  return done
}

function open(address: ShardAddress, settings: StoreSettings): Promise<ShardConnection> {
  return ShardConnection.open({
    ...{ address, statementTimeoutMs },
    connectTimeoutMs: settings.connectTimeoutMs,
    settings: migrationSettings,
  })
}
