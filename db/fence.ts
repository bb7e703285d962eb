import { sql } from 'drizzle-orm'
import { offset, type Position, type ShardId } from '../core/position.ts'
import type { Claim } from '../core/shard-store.ts'
import { offsets } from './schema.ts'
import type { ShardConnection } from './shard-connection.ts'
import { textOf } from './sql-text.ts'

/** The shard's row in `sluice_offsets`. */
export interface OffsetRow {
  readonly logId: string
  readonly epoch: string
  readonly position: Position
  readonly owner: string
  readonly connectionId: string | undefined
  readonly serverUuid: string | undefined
}

/** Which row: one topic's partition. */
export interface RowKey {
  readonly topic: string
  readonly shard: ShardId
}

const any = sql.placeholder('value')
const thisRow = sql`${offsets.topic} = ${any} AND ${offsets.partitionId} = ${any}`
const column = (name: { readonly name: string }) => sql.identifier(name.name)

const select = sql`SELECT ${offsets.logId}, ${offsets.epoch}, ${offsets.nextOffset}, ${offsets.nextOperation}, ${offsets.owner}, ${offsets.connectionId}, ${offsets.serverUuid} FROM ${offsets} WHERE ${thisRow}`
// Grows with each change even where the server's clock is set back: claims are ordered by it.
const later = sql`GREATEST(UTC_TIMESTAMP(3), ${offsets.updatedAt} + INTERVAL 1000 MICROSECOND)`
const readText = textOf(select)
const lockText = textOf(sql`${select} FOR UPDATE`)
const lockFreeText = textOf(sql`${select} FOR UPDATE NOWAIT`)

const ownerText = textOf(
  sql`UPDATE ${offsets} SET ${column(offsets.epoch)} = ${any}, ${column(offsets.owner)} = ${any}, ${column(offsets.connectionId)} = CONNECTION_ID(), ${column(offsets.serverUuid)} = @@server_uuid, ${column(offsets.updatedAt)} = ${later} WHERE ${thisRow}`,
)
const timeText = textOf(
  sql`SELECT CAST(UNIX_TIMESTAMP(${offsets.updatedAt}) * 1000 AS UNSIGNED) AS ms FROM ${offsets} WHERE ${thisRow}`,
)
const connectionText = textOf(
  sql`UPDATE ${offsets} SET ${column(offsets.connectionId)} = CONNECTION_ID(), ${column(offsets.serverUuid)} = @@server_uuid, ${column(offsets.updatedAt)} = ${later} WHERE ${thisRow} AND ${offsets.epoch} = ${any}`,
)
const moveText = textOf(
  sql`UPDATE ${offsets} SET ${column(offsets.nextOffset)} = ${any}, ${column(offsets.nextOperation)} = ${any}, ${column(offsets.updatedAt)} = ${later} WHERE ${thisRow} AND ${offsets.epoch} = ${any} AND ${offsets.nextOffset} = ${any} AND ${offsets.nextOperation} = ${any}`,
)
// Whoever repairs is no owner: there is no connection for the next claim to kill.
const insertText = textOf(
  sql`INSERT INTO ${offsets} (log_id, epoch, next_offset, next_operation, owner, topic, partition_id, updated_at) VALUES (${any}, ${any}, ${any}, ${any}, ${any}, ${any}, ${any}, UTC_TIMESTAMP(3))`,
)
const rewriteText = textOf(
  sql`UPDATE ${offsets} SET ${column(offsets.logId)} = ${any}, ${column(offsets.epoch)} = ${any}, ${column(offsets.nextOffset)} = ${any}, ${column(offsets.nextOperation)} = ${any}, ${column(offsets.owner)} = ${any}, ${column(offsets.connectionId)} = NULL, ${column(offsets.serverUuid)} = NULL, ${column(offsets.updatedAt)} = ${later} WHERE ${thisRow}`,
)

/** Reads the row as it was last committed, whoever holds it. */
export function readRow(connection: ShardConnection, key: RowKey): Promise<OffsetRow | undefined> {
  return selectRow(connection, readText, key)
}

/** Reads the row and holds it until the transaction ends; waits for whoever holds it. */
export function lockRow(connection: ShardConnection, key: RowKey): Promise<OffsetRow | undefined> {
  return selectRow(connection, lockText, key)
}

/** As `lockRow`, but rejects with error 3572 where another transaction holds it. */
export function lockFreeRow(
  connection: ShardConnection,
  key: RowKey,
): Promise<OffsetRow | undefined> {
  return selectRow(connection, lockFreeText, key)
}

async function selectRow(
  connection: ShardConnection,
  text: string,
  { topic, shard }: RowKey,
): Promise<OffsetRow | undefined> {
  const [row] = await connection.read(text, [topic, shard])
  if (!row) return undefined
  return {
    logId: String(row.log_id),
    epoch: String(row.epoch),
    position: { offset: offset(Number(row.next_offset)), operation: Number(row.next_operation) },
    owner: String(row.owner),
    connectionId: row.connection_id === null ? undefined : String(row.connection_id),
    serverUuid: row.server_uuid === null ? undefined : String(row.server_uuid),
  }
}

/** Makes the claim the row's owner, over this connection. Resolves with the row's time, in ms. */
export async function writeOwner(
  connection: ShardConnection,
  { topic, shard }: RowKey,
  { epoch, owner }: Claim,
): Promise<number> {
  await connection.write(ownerText, [epoch, owner, topic, shard])
  const [row] = await connection.read(timeText, [topic, shard])
  return Number(row!.ms)
}

/** Makes this connection the one that a later claim kills. False if the epoch is another's. */
export async function writeConnection(
  connection: ShardConnection,
  { topic, shard }: RowKey,
  epoch: string,
): Promise<boolean> {
  return (await connection.write(connectionText, [topic, shard, epoch])) === 1
}

/**
 * The fence, first in each window's transaction: moves the position only from where this epoch
 * left it. False if another epoch owns the shard, or this one stands elsewhere.
 */
export async function movePosition(
  connection: ShardConnection,
  { topic, shard }: RowKey,
  epoch: string,
  from: Position,
  to: Position,
): Promise<boolean> {
  const moved = await connection.write(moveText, [
    ...[to.offset, to.operation],
    ...[topic, shard, epoch, from.offset, from.operation],
  ])
  return moved === 1
}

/** Puts the shard elsewhere, whoever owns it: its epoch becomes this one, that no worker has. */
export async function rewriteRow(
  connection: ShardConnection,
  key: RowKey,
  row: MovedRow,
): Promise<void> {
  await connection.write(rewriteText, valuesOf(key, row))
}

/** Puts a shard whose row is gone somewhere. */
export async function insertRow(
  connection: ShardConnection,
  key: RowKey,
  row: MovedRow,
): Promise<void> {
  await connection.write(insertText, valuesOf(key, row))
}

type MovedRow = Pick<OffsetRow, 'logId' | 'position' | 'epoch' | 'owner'>

function valuesOf({ topic, shard }: RowKey, { logId, position, epoch, owner }: MovedRow) {
  return [logId, epoch, position.offset, position.operation, owner, topic, shard]
}
