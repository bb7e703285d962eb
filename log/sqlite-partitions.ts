import type { DatabaseSync } from 'node:sqlite'
import type { LogBounds, LogMessage, OutgoingMessage } from '../core/log.ts'
import { type Offset, offset, type ShardId } from '../core/position.ts'

/** A pull takes messages until they have this many bytes, so that it never blocks for long. */
const maxPullBytes = 4 * 1024 * 1024
/** What one transaction deletes, at most: publishes wait for it. */
const maxDroppedBytes = 1024 * 1024
const maxDroppedMessages = 1000

/** The statements that append to, read and trim the partitions. */
export class SqlitePartitions {
  readonly #bounds
  readonly #take
  readonly #insert
  readonly #select
  readonly #first
  readonly #delete
  readonly #begin

  constructor(connection: DatabaseSync) {
    this.#bounds = connection.prepare('SELECT earliest, next FROM partitions WHERE shard = ?')
    this.#take = connection.prepare(
      'UPDATE partitions SET next = next + 1 WHERE shard = ? RETURNING next - 1 AS taken',
    )
    this.#insert = connection.prepare(
      'INSERT INTO messages (shard, "offset", headers, bytes) VALUES (?, ?, ?, ?)',
    )
    this.#select = connection.prepare(
      'SELECT "offset", headers, bytes FROM messages WHERE shard = ? AND "offset" >= ? ' +
        'ORDER BY "offset" LIMIT ?',
    )
    this.#first = connection.prepare(
      'SELECT "offset", length(bytes) AS size FROM messages WHERE shard = ? AND "offset" < ? ' +
        'ORDER BY "offset" LIMIT ?',
    )
    this.#delete = connection.prepare('DELETE FROM messages WHERE shard = ? AND "offset" < ?')
    this.#begin = connection.prepare('UPDATE partitions SET earliest = ? WHERE shard = ?')
  }

  bounds(shard: ShardId): LogBounds {
    const row = this.#bounds.get(shard)!
    return { earliest: offset(Number(row.earliest)), next: offset(Number(row.next)) }
  }

  /** Inside the writer's transaction: another process may append too. */
  append({ shard, headers, bytes }: OutgoingMessage): Offset {
    const taken = Number(this.#take.get(shard)!.taken)
    this.#insert.run(shard, taken, JSON.stringify(headers), bytes)
    return offset(taken)
  }

  /** Inside the writer's transaction: drops the first messages before an offset, some at a time. */
  dropFirst(shard: ShardId, before: Offset): void {
    let end: number = before
    let size = 0
    for (const [i, row] of this.#first.all(shard, before, maxDroppedMessages).entries()) {
      size += Number(row.size)
      if (size < maxDroppedBytes && i + 1 < maxDroppedMessages) continue
      end = Number(row.offset) + 1
      break
    }
    this.#delete.run(shard, end)
    this.#begin.run(end, shard)
  }

  read(shard: ShardId, from: Offset, maxMessages: number): LogMessage[] {
    const messages: LogMessage[] = []
    let size = 0
    for (const row of this.#select.iterate(shard, from, maxMessages)) {
      const bytes = row.bytes as Uint8Array
      const headers = JSON.parse(String(row.headers))
      messages.push({ offset: offset(Number(row.offset)), headers, bytes })
      size += bytes.byteLength
      if (size >= maxPullBytes) break
    }
    return messages
  }
}
