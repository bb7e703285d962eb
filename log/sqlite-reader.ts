import { LogError, type LogMessage, type PartitionReader } from '../core/log.ts'
import { type Offset, offset, type ShardId } from '../core/position.ts'
import { checkHeld } from './held-offset.ts'
import type { SqliteArrivals } from './sqlite-arrivals.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import type { SqlitePartitions } from './sqlite-partitions.ts'

/** How soon a waiting reader notices that the file was deleted. */
const fileCheckIntervalMs = 1000

export class SqliteReader implements PartitionReader {
  readonly #database: SqliteDatabase
  readonly #partitions: SqlitePartitions
  readonly #arrivals: SqliteArrivals
  readonly #shard: ShardId
  #next: Offset
  #closed = false

  constructor(
    database: SqliteDatabase,
    partitions: SqlitePartitions,
    arrivals: SqliteArrivals,
    shard: ShardId,
    from: Offset,
  ) {
    checkHeld(shard, from, partitions.bounds(shard))
    this.#database = database
    this.#partitions = partitions
    this.#arrivals = arrivals
    this.#shard = shard
    this.#next = from
  }

  async pull(maxMessages: number, waitMs: number): Promise<readonly LogMessage[]> {
    const deadlineMs = performance.now() + waitMs
    for (;;) {
      if (this.#closed || !this.#database.connection.isOpen) {
        throw new LogError('closed', `The reader of shard ${this.#shard} is closed`)
      }
      const messages = this.#read(maxMessages)
      if (messages.length > 0) return messages
      const leftMs = deadlineMs - performance.now()
      if (leftMs <= 0) return messages
      await this.#arrivals.wait(Math.min(leftMs, fileCheckIntervalMs))
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#arrivals.wake()
  }

  #read(maxMessages: number): LogMessage[] {
    const messages = this.#partitions.read(this.#shard, this.#next, maxMessages)
    const first = messages[0]
    if (first === undefined) this.#database.checkFile()
    // A gap, or nothing where something was: trimmed under this reader.
    if (first?.offset !== this.#next) {
      checkHeld(this.#shard, this.#next, this.#partitions.bounds(this.#shard))
    }
    const last = messages.at(-1)
    if (last) this.#next = offset(last.offset + 1)
    return messages
  }
}
