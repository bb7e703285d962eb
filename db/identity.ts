import { sql } from 'drizzle-orm'
import type { ShardId } from '../core/position.ts'
import { StoreError } from '../core/shard-store.ts'
import { type MysqlError, storeErrorOf } from './mysql-errors.ts'
import { identity } from './schema.ts'
import { describeAddress, type ShardAddress } from './shard-address.ts'
import type { ShardConnection } from './shard-connection.ts'
import { textOf } from './sql-text.ts'

/** What a shard's database must say it is. */
export interface ShardIdentity {
  /** The deployment's name. */
  readonly cluster: string
  readonly shard: ShardId
  /** Names the way objects are placed: another number of shards is another map. */
  readonly map: string
}

const selectIdentity = textOf(
  sql`SELECT ${identity.cluster}, ${identity.shard}, ${identity.map} FROM ${identity}`,
)

/** What the database says it is; undefined if it says nothing. Rejects as `read` does. */
export async function readIdentity(
  connection: Pick<ShardConnection, 'read'>,
): Promise<ShardIdentity | undefined> {
  const [row] = await connection.read(selectIdentity)
  if (!row) return undefined
  return { cluster: String(row.cluster), shard: Number(row.shard) as ShardId, map: String(row.map) }
}

/** Rejects with a `StoreError` to stop for unless the database is the expected one. */
export async function checkIdentity(
  connection: Pick<ShardConnection, 'read'>,
  address: ShardAddress,
  expected: ShardIdentity,
): Promise<void> {
  const found = await readIdentity(connection).catch((error: MysqlError) => {
    if (error.errno === noSuchTable) throw notMigrated(address, `it has no table sluice_identity`)
    throw storeErrorOf(error, describeAddress(address))
  })
  if (!found) throw notMigrated(address, 'its sluice_identity is empty')
  const difference = differenceOf(expected, found)
  if (difference !== undefined) throw wrongDatabase(address, difference)
}

export function differenceOf(expected: ShardIdentity, found: ShardIdentity): string | undefined {
  for (const part of ['cluster', 'shard', 'map'] as const) {
    if (expected[part] !== found[part]) {
      return `expected ${part} ${expected[part]}, found ${part} ${found[part]}`
    }
  }
  return undefined
}

export function wrongDatabase(address: ShardAddress, difference: string): StoreError {
  return new StoreError(
    'stop',
    'IDENTITY',
    `${describeAddress(address)} is another database than the config says: ${difference}. Put the config's URLs and number of shards and SLUICE_TOPIC_PREFIX (the cluster) back, or move the data first`,
  )
}

/** The error for a database that shard set-up has not seen, or not seen to its end. */
export function notMigrated(address: ShardAddress, what: string): StoreError {
  return new StoreError(
    'stop',
    'NOT_MIGRATED',
    `${describeAddress(address)} is not set up: ${what}. Run npm run migrate`,
  )
}

const noSuchTable = 1146
