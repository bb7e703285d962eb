import { sql } from 'drizzle-orm'
import type { UndecodableMessage } from '../core/failure.ts'
import { type Position, samePosition } from '../core/position.ts'
import { StoreError } from '../core/shard-store.ts'
import { isConnected, lockRowFromZombie, positionGone } from './claim.ts'
import { recordOutcomes } from './failures.ts'
import { insertRow, type OffsetRow, type RowKey, readRow, rewriteRow } from './fence.ts'
import { checkIdentity } from './identity.ts'
import { lockClock } from './lock-clock.ts'
import { storeErrorOf } from './mysql-errors.ts'
import { audit, maxAuditLength, maxNameLength } from './schema.ts'
import { defaultStoreSettings, windowSettings } from './session-settings.ts'
import { describeAddress, type ShardAddress } from './shard-address.ts'
import { ShardConnection } from './shard-connection.ts'
import { textOf } from './sql-text.ts'

/** Which shard of which deployment, and of which topic's positions. */
export interface RepairTarget {
  readonly address: ShardAddress
  readonly cluster: string
  readonly map: string
  readonly topic: string
}

/** Where a shard stands in a log. */
export interface ShardPlace {
  readonly logId: string
  readonly position: Position
}

export interface ShardRow extends ShardPlace {
  readonly owner: string
  /** Whether the owner's window connection is there still. */
  readonly isOwned: boolean
}

/** What an operator does to a shard's position. */
export interface Repair {
  readonly command: string
  readonly who: string
  readonly reason: string
  /** Undefined where the shard's row is gone. */
  readonly from: ShardPlace | undefined
  readonly to: ShardPlace
  /** What is lost or repeated, in words. */
  readonly effect: string
  /** Random: whoever owns the shard loses it, and finds the new position with the next claim. */
  readonly epoch: string
  /** Messages given up that nobody can read. */
  readonly undecodable: readonly UndecodableMessage[]
  /** Operations given up, counted per job. */
  readonly cancelled: ReadonlyMap<string, number>
}

/** Where the shard stands, and whose it is. Rejects with a `StoreError`, also if its row is gone. */
export async function readShardRow(target: RepairTarget): Promise<ShardRow> {
  const row = await findShardRow(target)
  if (row) return row
  throw positionGone(target.address, target.topic)
}

/** The same; undefined if the shard's row is gone. */
export function findShardRow(target: RepairTarget): Promise<ShardRow | undefined> {
  return withShard(target, async (connection) => {
    const row = await readRow(connection, keyOf(target))
    if (!row) return undefined
    const { logId, position, owner, connectionId, serverUuid } = row
    const isOwned =
      connectionId !== undefined &&
      serverUuid !== undefined &&
      (await isConnected(connection, { id: connectionId, serverUuid }))
    return { logId, position, owner, isOwned }
  })
}

/**
 * Takes the shard over, moves it, records what that gives up, and leaves an audit row, all in one
 * transaction. False, with nothing changed, if the shard is not where the repair begins any more.
 * Rejects with a `StoreError`, of action `unclear` if nobody knows whether it took effect.
 */
export function repairShard(target: RepairTarget, repair: Repair): Promise<boolean> {
  return withShard(target, async (connection) => {
    const { from, to, epoch, who, command, reason, effect, undecodable, cancelled } = repair
    const { claimLockWaitMs } = defaultStoreSettings
    const key = keyOf(target)
    const row = await lockRowFromZombie(connection, key, {
      address: target.address,
      claimLockWaitMs,
      clock: lockClock,
    })
    if (!isAt(row, from)) return false
    const owner = `repair by ${who}`.slice(0, maxNameLength)
    await (row ? rewriteRow : insertRow)(connection, key, { ...to, epoch, owner })
    const records = { failed: [], undecodable, superseded: new Map(), cancelled }
    await recordOutcomes(connection, (from ?? to).logId, records)
    await connection.write(insertAudit, [
      ...[command, who.slice(0, maxNameLength), reason.slice(0, maxAuditLength)],
      ...[
        from ? describePlace(from) : 'nowhere',
        describePlace(to),
        effect.slice(0, maxAuditLength),
      ],
    ])
    await commit(connection, target)
    return true
  })
}

export function describePosition({ offset, operation }: Position): string {
  return `${offset}.${operation}`
}

function describePlace({ logId, position }: ShardPlace): string {
  return `${describePosition(position)} of log ${logId}`
}

const any = sql.placeholder('value')
const insertAudit = textOf(
  sql`INSERT INTO ${audit} (at, command, who, reason, moved_from, moved_to, effect) VALUES (UTC_TIMESTAMP(3), ${any}, ${any}, ${any}, ${any}, ${any}, ${any})`,
)

function keyOf({ topic, address }: RepairTarget): RowKey {
  return { topic, shard: address.shard }
}

function isAt(row: OffsetRow | undefined, from: ShardPlace | undefined): boolean {
  if (!row || !from) return !row && !from
  return row.logId === from.logId && samePosition(row.position, from.position)
}

/** A connection for one look or one change; what was not committed is rolled back. */
async function withShard<T>(
  { address, cluster, map }: RepairTarget,
  work: (connection: ShardConnection) => Promise<T>,
): Promise<T> {
  const { connectTimeoutMs, statementTimeoutMs } = defaultStoreSettings
  const connection = await ShardConnection.open({
    ...{ address, connectTimeoutMs, statementTimeoutMs },
    settings: windowSettings(defaultStoreSettings),
  })
  try {
    await checkIdentity(connection, address, { cluster, map, shard: address.shard })
    return await work(connection)
  } catch (error) {
    throw storeErrorOf(error, describeAddress(address))
  } finally {
    await connection.close()
  }
}

async function commit(connection: ShardConnection, { address }: RepairTarget): Promise<void> {
  try {
    await connection.command('COMMIT')
  } catch (error) {
    const { code, message } = storeErrorOf(error, describeAddress(address))
    const advice = 'whether it took effect is unknown: show tells where the shard stands'
    throw new StoreError('unclear', code, `${message}; ${advice}`)
  }
}
