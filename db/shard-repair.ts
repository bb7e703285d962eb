import { sql } from 'drizzle-orm'
import type { UndecodableMessage } from '../core/failure.ts'
import type { Position } from '../core/position.ts'
import { StoreError } from '../core/shard-store.ts'
import { type ClaimOptions, isConnected, lockRowInTurn, positionGone } from './claim.ts'
import { clearFailures, type FailureRange, recordOutcomes } from './failures.ts'
import { insertRow, type OffsetRow, type RowKey, readRow, rewriteRow } from './fence.ts'
import { checkIdentity } from './identity.ts'
import { storeErrorOf } from './mysql-errors.ts'
import { audit, maxAuditLength, maxNameLength } from './schema.ts'
import { defaultStoreSettings, windowSettings } from './session-settings.ts'
import { describeAddress, type ShardAddress } from './shard-address.ts'
import { ShardConnection } from './shard-connection.ts'
import { textOf } from './sql-text.ts'

/** A held shard's connection says nothing while the log is read; then MySQL lets the shard go. */
const idleSeconds = 600

/** Which shard of which deployment, and of which topic's positions. */
export interface RepairTarget {
  readonly address: ShardAddress
  readonly cluster: string
  readonly map: string
  readonly topic: string
  /** The time by which it waits for a row that another transaction holds. */
  readonly clock: ClaimOptions['clock']
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
export interface Repair extends RepairRecords {
  readonly command: string
  readonly who: string
  readonly reason: string
  readonly to: ShardPlace
  /** What is lost or repeated, in words. */
  readonly effect: string
  /** Random: whoever owns the shard loses it, and finds the new position with the next claim. */
  readonly epoch: string
}

/** What a repair leaves in Sluice's tables besides the position. */
export interface RepairRecords {
  /** Messages given up that nobody can read. */
  readonly undecodable: readonly UndecodableMessage[]
  /** Operations given up, counted per job. */
  readonly cancelled: ReadonlyMap<string, number>
  /** Failures of operations that are applied again, and fail anew or not at all. */
  readonly outdated: readonly FailureRange[]
}

export const nothingRecorded: RepairRecords = {
  undecodable: [],
  cancelled: new Map(),
  outdated: [],
}

/** Where the shard stands, and whose it is. Rejects with a `StoreError`, also if its row is gone. */
export async function readShardRow(target: RepairTarget): Promise<ShardRow> {
  return demandShardRow(target, await findShardRow(target))
}

/** Throws a `StoreError` if the shard's row is gone. */
export function demandShardRow({ address, topic }: RepairTarget, row?: ShardRow): ShardRow {
  if (row) return row
  throw positionGone(address, topic)
}

/** The same; undefined if the shard's row is gone. */
export async function findShardRow(target: RepairTarget): Promise<ShardRow | undefined> {
  const connection = await connect(target)
  try {
    return await withOwner(connection, await readRow(connection, keyOf(target)))
  } catch (error) {
    throw storeErrorOf(error, describeAddress(target.address))
  } finally {
    await connection.close()
  }
}

/**
 * A shard whose row is locked: its worker, if it has one, waits, and nobody moves it until it is let
 * go. Methods reject with a `StoreError`.
 */
export class HeldShard {
  /** Where it stands; undefined if its row is gone. */
  readonly row: ShardRow | undefined
  readonly #target: RepairTarget
  readonly #connection: ShardConnection

  private constructor(target: RepairTarget, connection: ShardConnection, row?: ShardRow) {
    this.#target = target
    this.#connection = connection
    this.row = row
  }

  /** Ends its worker's transaction if that does not end by itself. */
  static async hold(target: RepairTarget): Promise<HeldShard> {
    const { address } = target
    const connection = await connect(target)
    try {
      const { claimLockWaitMs } = defaultStoreSettings
      const options = { address, claimLockWaitMs, clock: target.clock }
      const row = await lockRowInTurn(connection, keyOf(target), options)
      return new HeldShard(target, connection, await withOwner(connection, row))
    } catch (error) {
      await connection.close()
      throw storeErrorOf(error, describeAddress(address))
    }
  }

  /**
   * Takes the shard from its worker, moves it, records what that gives up, and leaves an audit row, in
   * one transaction. Once only. Rejects with action `unclear` if nobody knows whether it took effect.
   */
  async repair(repair: Repair): Promise<void> {
    const connection = this.#connection
    const { to, epoch, who, outdated, undecodable, cancelled } = repair
    const owner = `repair by ${who}`.slice(0, maxNameLength)
    const place = this.row ? rewriteRow : insertRow
    try {
      await place(connection, keyOf(this.#target), { ...to, epoch, owner })
      await clearFailures(connection, outdated)
      const records = { failed: [], undecodable, superseded: new Map(), cancelled }
      await recordOutcomes(connection, (this.row ?? to).logId, records)
      await connection.write(insertAudit, auditValues(this.row, repair))
    } catch (error) {
      throw storeErrorOf(error, describeAddress(this.#target.address))
    }
    await commit(connection, this.#target)
  }

  /** Lets it go; what was not committed is rolled back. */
  release(): Promise<void> {
    return this.#connection.close()
  }
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

function auditValues(from: ShardPlace | undefined, { command, who, reason, to, effect }: Repair) {
  return [
    ...[command, who.slice(0, maxNameLength), reason.slice(0, maxAuditLength)],
    ...[from ? describePlace(from) : 'nowhere', describePlace(to)],
    effect.slice(0, maxAuditLength),
  ]
}

async function withOwner(
  connection: ShardConnection,
  row: OffsetRow | undefined,
): Promise<ShardRow | undefined> {
  if (!row) return undefined
  const { logId, position, owner, connectionId, serverUuid } = row
  const isOwned =
    connectionId !== undefined &&
    serverUuid !== undefined &&
    (await isConnected(connection, { id: connectionId, serverUuid }))
  return { logId, position, owner, isOwned }
}

/** A connection for one look or one change. */
async function connect({ address, cluster, map }: RepairTarget): Promise<ShardConnection> {
  const { connectTimeoutMs, statementTimeoutMs } = defaultStoreSettings
  const connection = await ShardConnection.open({
    ...{ address, connectTimeoutMs, statementTimeoutMs },
    settings: windowSettings({ ...defaultStoreSettings, idleSeconds }),
  })
  try {
    await checkIdentity(connection, address, { cluster, map, shard: address.shard })
    return connection
  } catch (error) {
    await connection.close()
    throw storeErrorOf(error, describeAddress(address))
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
