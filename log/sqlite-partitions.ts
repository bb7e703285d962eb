import type { DatabaseSync } from 'node:sqlite'
import type { LogBounds, LogMessage, OutgoingMessage } from '../core/log.ts'
import { type Offset, offset, type ShardId } from '../core/position.ts'

/** A pull takes messages until they have this many bytes, so that it never blocks for long. */
const maxPullBytes = 4 * 1024 * 1024

/** The statements that append to and read the partitions. */
export class SqlitePartitions {
  readonly #bounds
  readonly #take
  readonly #insert
  readonly #select

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
