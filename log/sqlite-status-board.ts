import type { StatusBoard } from '../core/log.ts'
import { type ShardId, shardId } from '../core/position.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import type { SqliteWriter } from './sqlite-writer.ts'

export class SqliteStatusBoard implements StatusBoard {
  readonly #database: SqliteDatabase
  readonly #writer: SqliteWriter

  constructor(database: SqliteDatabase, writer: SqliteWriter) {
    this.#database = database
    this.#writer = writer
  }

  async put(shard: ShardId, value: string): Promise<void> {
    await this.#writer.write(value.length, (connection) =>
      connection.prepare('UPDATE partitions SET status = ? WHERE shard = ?').run(value, shard),
    )
  }

  async read(): Promise<ReadonlyMap<ShardId, string>> {
    const statement = this.#database.connection.prepare(
      'SELECT shard, status FROM partitions WHERE status IS NOT NULL',
    )
    const rows = statement.all()
    return new Map(rows.map((row) => [shardId(Number(row.shard)), String(row.status)]))
  }
}
