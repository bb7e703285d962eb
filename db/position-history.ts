import { sql } from 'drizzle-orm'
import { offset } from '../core/position.ts'
import type { PositionHistory } from '../core/retention.ts'
import type { Claim, ShardHistory } from '../core/shard-store.ts'
import { checkRow } from './claim.ts'
import { readRow } from './fence.ts'
import { storeErrorOf } from './mysql-errors.ts'
import { offsets, positions } from './schema.ts'
import { describeAddress, type ShardAddress } from './shard-address.ts'
import type { ShardConnection } from './shard-connection.ts'
import { textOf } from './sql-text.ts'

/**
 * Notes that are read, at most: two retentions full, as after the retention was changed. Older ones
 * are forgotten, after which the log only keeps more.
 */
const maxNotes = 1000
/** Notes dropped by one statement. */
const maxForgotten = 1000

const any = sql.placeholder('value')
const column = (name: { readonly name: string }) => sql.identifier(name.name)
const ofShard = sql`${positions.topic} = ${any} AND ${positions.partitionId} = ${any}`

const nowText = textOf(sql`SELECT CAST(UNIX_TIMESTAMP(UTC_TIMESTAMP(3)) * 1000 AS UNSIGNED) AS ms`)
const readText = textOf(
  sql`SELECT ${positions.id}, CAST(UNIX_TIMESTAMP(${positions.at}) * 1000 AS UNSIGNED) AS ms, ${positions.nextOffset} FROM ${positions} WHERE ${ofShard} AND ${positions.logId} = ${any} ORDER BY ${positions.id} DESC LIMIT ${sql.raw(String(maxNotes))}`,
)
// In one statement, so that a database restored meanwhile gets no note of what it has not applied.
const noteText = textOf(
  sql`INSERT INTO ${positions} (${column(positions.topic)}, ${column(positions.partitionId)}, ${column(positions.logId)}, ${column(positions.at)}, ${column(positions.nextOffset)}) SELECT ${offsets.topic}, ${offsets.partitionId}, ${offsets.logId}, UTC_TIMESTAMP(3), ${offsets.nextOffset} FROM ${offsets} WHERE ${offsets.topic} = ${any} AND ${offsets.partitionId} = ${any} AND ${offsets.logId} = ${any}`,
)
// Notes of a log that was given up say nothing about this one.
const forgetText = textOf(
  sql`DELETE FROM ${positions} WHERE ${ofShard} AND (${column(positions.logId)} <> ${any} OR ${column(positions.id)} < ${any}) ORDER BY ${column(positions.id)} LIMIT ${sql.raw(String(maxForgotten))}`,
)

/** `sluice_positions`, beside the position that it is about. */
export class MysqlShardHistory implements ShardHistory {
  readonly #connection: ShardConnection
  readonly #address: ShardAddress
  readonly #log: Pick<Claim, 'topic' | 'logId'>

  constructor(
    connection: ShardConnection,
    address: ShardAddress,
    log: Pick<Claim, 'topic' | 'logId'>,
  ) {
    this.#connection = connection
    this.#address = address
    this.#log = log
  }

  read(): Promise<PositionHistory> {
    return this.#step(async ({ topic, logId }, { shard }) => {
      // The clock first: what is read after it is no younger than it seems.
      const [now] = await this.#connection.read(nowText)
      const row = await readRow(this.#connection, { topic, shard })
      const position = checkRow(row, this.#log, this.#address)
      const notes = await this.#connection.read(readText, [topic, shard, logId])
      const past = notes.reverse().map((note) => ({
        id: Number(note.id),
        atMs: Number(note.ms),
        offset: offset(Number(note.next_offset)),
      }))
      return { nowMs: Number(now!.ms), offset: position.offset, past }
    })
  }

  note(): Promise<void> {
    return this.#step(async ({ topic, logId }, { shard }) => {
      await this.#connection.write(noteText, [topic, shard, logId])
    })
  }

  forget(beforeId: number): Promise<void> {
    return this.#step(async ({ topic, logId }, { shard }) => {
      await this.#connection.write(forgetText, [topic, shard, logId, beforeId])
    })
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async #step<T>(
    work: (log: Pick<Claim, 'topic' | 'logId'>, address: ShardAddress) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(this.#log, this.#address)
    } catch (error) {
      throw storeErrorOf(error, describeAddress(this.#address))
    }
  }
}
