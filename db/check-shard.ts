import { StoreError } from '../core/shard-store.ts'
import { checkRow } from './claim.ts'
import { readRow } from './fence.ts'
import { checkIdentity, notMigrated } from './identity.ts'
import { missingParts, problemsOfTypes } from './live-problems.ts'
import { type LiveTable, readLiveTables } from './live-tables.ts'
import type { MigrationPlan } from './migration.ts'
import { storeErrorOf } from './mysql-errors.ts'
import { sluiceTables } from './schema.ts'
import { defaultStoreSettings, readerSettings, type StoreSettings } from './session-settings.ts'
import { describeAddress, type ShardAddress } from './shard-address.ts'
import { ShardConnection } from './shard-connection.ts'

/** What a worker needs to know; where a missing position would begin is the migration's business. */
export type ShardExpectation = Pick<
  MigrationPlan,
  'cluster' | 'map' | 'topic' | 'logId' | 'types' | 'packetBytes'
>

/**
 * What a worker checks at start: the shard is the expected one, has its position in this log, and
 * the tables of all types can be written. Rejects with a `StoreError`, to stop for where something
 * is missing.
 */
export async function checkShard(
  address: ShardAddress,
  expected: ShardExpectation,
  settings: StoreSettings = defaultStoreSettings,
): Promise<void> {
  const { connectTimeoutMs, statementTimeoutMs } = settings
  const connection = await ShardConnection.open({
    ...{ address, connectTimeoutMs, statementTimeoutMs },
    settings: readerSettings(settings),
  })
  try {
    await checkIdentity(connection, address, { ...expected, shard: address.shard })
    checkTables(address, expected, await readLiveTables(connection))
    await checkPacketLimit(connection, address, expected.packetBytes)
    const row = await readRow(connection, { topic: expected.topic, shard: address.shard })
    checkRow(row, expected, address)
  } catch (error) {
    throw storeErrorOf(error, describeAddress(address))
  } finally {
    await connection.close()
  }
}

/** Throws unless Sluice's tables and those of all types are as they must be. */
export function checkTables(
  address: ShardAddress,
  { types }: Pick<ShardExpectation, 'types'>,
  live: ReadonlyMap<string, LiveTable>,
): void {
  const missing = sluiceTables.flatMap((table) => missingParts(table, live))
  if (missing.length > 0) throw notMigrated(address, missing.join('; '))
  const problems = problemsOfTypes(types, live)
  if (problems.length === 0) return
  throw new StoreError(
    'stop',
    'TABLES',
    `${describeAddress(address)} does not have the tables of the config: ${problems.join('; ')}. Tables of your own are yours to make and alter; npm run migrate makes the default config's`,
  )
}

/** Throws if the server would not take the longest statement. */
export async function checkPacketLimit(
  connection: ShardConnection,
  address: ShardAddress,
  packetBytes: number | undefined,
): Promise<void> {
  if (packetBytes === undefined) return
  const [row] = await connection.read('SELECT @@max_allowed_packet AS bytes')
  const bytes = Number(row!.bytes)
  if (bytes >= packetBytes) return
  throw new StoreError(
    'stop',
    'PACKET',
    `${describeAddress(address)}: max_allowed_packet is ${bytes}, expected at least ${packetBytes}. Raise it on the server, or lower the config's messages.bytes`,
  )
}
