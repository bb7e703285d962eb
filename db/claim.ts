import type { Clock } from '../core/clock.ts'
import type { Position } from '../core/position.ts'
import { type Claim, StoreError } from '../core/shard-store.ts'
import { lockFreeRow, lockRow, type OffsetRow, type RowKey, readRow, writeOwner } from './fence.ts'
import { noSuchThread } from './kill-switch.ts'
import type { MysqlError } from './mysql-errors.ts'
import { describeAddress, type ShardAddress } from './shard-address.ts'
import type { ShardConnection } from './shard-connection.ts'

/** A zombie may reconnect between the kill and the next try, but not for long: its epoch goes. */
const maxTries = 3
/** MySQL waits for locks in whole seconds: this is asked again so often instead. */
const pollMs = 20
const lockedByOther = 3572
const lockWaitTimeout = 1205

export interface ClaimOptions {
  readonly address: ShardAddress
  /** How long the row may be another's before its connection is killed. */
  readonly claimLockWaitMs: number
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>
}

/** Where the shard stands, and when it was claimed by the database's clock. */
export interface Claimed {
  readonly position: Position
  readonly claimedAtMs: number
}

/**
 * Makes `claim` the shard's only writer: from here on every window of an older epoch finds no row
 * to move. The row may be held by the open transaction of a worker that stopped inside it: its
 * connection, which the row names, is killed.
 */
export async function claimRow(
  connection: ShardConnection,
  claim: Claim,
  options: ClaimOptions,
): Promise<Claimed> {
  const key = { topic: claim.topic, shard: options.address.shard }
  const row = await lockRowFromZombie(connection, key, options)
  const position = checkRow(row, claim, options.address)
  const claimedAtMs = await writeOwner(connection, key, claim)
  await connection.command('COMMIT')
  return { position, claimedAtMs }
}

/** The row's position; throws if the row is missing or belongs to another log. */
export function checkRow(
  row: OffsetRow | undefined,
  { topic, logId }: Pick<Claim, 'topic' | 'logId'>,
  address: ShardAddress,
): Position {
  if (!row) {
    throw positionGone(address, topic)
  }
  if (row.logId !== logId) throw recreatedLog(address, topic, row, logId)
  return row.position
}

/**
 * A shard that was set up has its row. Beginning at the start of the log would repeat all that it
 * still holds, so somebody has to say where.
 */
export function positionGone(address: ShardAddress, topic: string): StoreError {
  const { shard } = address
  return new StoreError(
    'stop',
    'POSITION_GONE',
    `${describeAddress(address)} has no position: its row for ${topic}, partition ${shard}, in sluice_offsets is gone. GET /v1/shards says where its worker saw it last; npm run repair -- set-position --shard ${shard} --to … puts it there`,
  )
}

/** The log is another than the one that the shard's position counts in. */
function recreatedLog(
  address: ShardAddress,
  topic: string,
  row: Pick<OffsetRow, 'logId' | 'position'>,
  logId: string,
): StoreError {
  return new StoreError(
    'stop',
    'LOG_RECREATED',
    `${describeAddress(address)} stands at offset ${row.position.offset} of log ${row.logId}, but ${topic} is log ${logId}: it was deleted and made anew, or is another cluster's. Bring the old log back; or, if it is gone for good, npm run repair -- adopt-log goes on with the new one, and says first what that loses`,
  )
}

/**
 * Locks the shard's row. Where an open transaction of its owner holds it for `claimLockWaitMs`, asked
 * again and again with NOWAIT, the owner's connection is killed.
 */
async function lockRowFromZombie(
  connection: ShardConnection,
  key: RowKey,
  options: ClaimOptions,
): Promise<OffsetRow | undefined> {
  for (let tries = 1; ; tries++) {
    const locked = await lockRowInTime(connection, key, options)
    if (locked !== 'held') return locked
    if (tries === maxTries) throw heldByOthers(options.address)
    const row = await readRow(connection, key)
    await connection.command('ROLLBACK')
    if (row) await killOwner(connection, row)
  }
}

/**
 * Locks the row of a shard that may be hard at work: in turn, since its windows leave no moment in
 * between. Only a transaction that does not end by itself is ended.
 */
export async function lockRowInTurn(
  connection: ShardConnection,
  key: RowKey,
  options: ClaimOptions,
): Promise<OffsetRow | undefined> {
  try {
    return await lockRow(connection, key)
  } catch (error) {
    if ((error as MysqlError).errno !== lockWaitTimeout) throw error
  }
  await connection.command('ROLLBACK')
  return lockRowFromZombie(connection, key, options)
}

/** `held` if another transaction holds the row all the time; an owner that hands over soon lets go. */
async function lockRowInTime(
  connection: ShardConnection,
  key: RowKey,
  { claimLockWaitMs, clock }: ClaimOptions,
): Promise<OffsetRow | undefined | 'held'> {
  const endMs = clock.monotonicMs() + claimLockWaitMs
  for (;;) {
    try {
      return await lockFreeRow(connection, key)
    } catch (error) {
      if ((error as MysqlError).errno !== lockedByOther) throw error
    }
    // No more than the statement was rolled back.
    await connection.command('ROLLBACK')
    if (clock.monotonicMs() >= endMs) return 'held'
    await clock.sleep(pollMs)
  }
}

function heldByOthers(address: ShardAddress): StoreError {
  return new StoreError(
    'back_off',
    'CLAIM_LOCKED',
    `${describeAddress(address)}: a transaction that is not the last owner's holds the shard's row in sluice_offsets; performance_schema.data_locks says whose it is`,
  )
}

/** Kills the connection that a row names, if it is still there. */
async function killOwner(connection: ShardConnection, row: OffsetRow): Promise<void> {
  const { connectionId, serverUuid } = row
  if (connectionId === undefined || serverUuid === undefined) return
  await killConnection(connection, { id: connectionId, serverUuid })
}

/**
 * Kills a window connection of this database, if there is one of this number: numbers start anew with
 * the server, and another server has its own, so this looks before it kills.
 */
export async function killConnection(
  connection: ShardConnection,
  old: { readonly id: string; readonly serverUuid: string },
): Promise<void> {
  if (old.id === connection.id || !(await isConnected(connection, old))) return
  await connection.command(`KILL ${BigInt(old.id)}`).catch((error: MysqlError) => {
    if (error.errno !== noSuchThread) throw error
  })
}

/** Whether a window connection of this database is still there. */
export async function isConnected(
  connection: ShardConnection,
  { id, serverUuid }: { readonly id: string; readonly serverUuid: string },
): Promise<boolean> {
  if (serverUuid !== connection.serverUuid) return false
  const [found] = await connection.read(
    `SELECT 1 AS found FROM information_schema.processlist WHERE id = ? AND db = DATABASE() AND user = SUBSTRING_INDEX(USER(), '@', 1)`,
    [id],
  )
  return found !== undefined
}
