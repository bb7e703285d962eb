import { type Assignment, LogError, type Membership } from '../core/log.ts'
import { type Offset, type ShardId, shardId } from '../core/position.ts'
import { AssignmentFeed } from './assignment-feed.ts'
import { OffsetReports } from './offset-reports.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { acquireSqliteLock, type SqliteLock } from './sqlite-lock.ts'
import type { SqliteWriter } from './sqlite-writer.ts'

/** The only member of an embedded log's group: it holds the worker lock and owns every shard. */
export class SqliteMembership implements Membership {
  readonly #shards: readonly ShardId[]
  readonly #writer: SqliteWriter
  readonly #lock: SqliteLock
  readonly #holder: string
  readonly #feed = new AssignmentFeed()
  readonly #reports: OffsetReports

  /** Rejects with a `LogError` if another worker holds the log. */
  static async join(
    database: SqliteDatabase,
    writer: SqliteWriter,
    holder: string,
  ): Promise<SqliteMembership> {
    const lock = acquireSqliteLock(`${database.path}.worker`)
    if (!lock) {
      const row = database.connection.prepare('SELECT holder FROM log').get()
      throw new LogError(
        'locked',
        `The log at ${database.path} has a worker already: ${row?.holder ?? 'one that just started'}. ` +
          'The embedded log takes one: stop it first, or share the work out over Kafka',
      )
    }
    const membership = new SqliteMembership(database, writer, lock, holder)
    try {
      await membership.rejoin()
    } catch (error) {
      lock.release()
      throw error
    }
    return membership
  }

  private constructor(
    database: SqliteDatabase,
    writer: SqliteWriter,
    lock: SqliteLock,
    holder: string,
  ) {
    this.#shards = Array.from({ length: database.identity.partitions }, (_, n) => shardId(n))
    this.#writer = writer
    this.#lock = lock
    this.#holder = holder
    this.#reports = new OffsetReports((offsets) => this.#store(offsets))
  }

  next(seen: number): Promise<Assignment | undefined> {
    return this.#feed.next(seen)
  }

  /** The generation is kept, so that it grows over restarts too. */
  async rejoin(): Promise<void> {
    const generation = await this.#writer.write(0, (connection) => {
      const row = connection
        .prepare('UPDATE log SET generation = generation + 1, holder = ? RETURNING generation')
        .get(this.#holder)
      return Number(row!.generation)
    })
    this.#feed.publish(generation, this.#shards)
  }

  async commit(shard: ShardId, next: Offset): Promise<void> {
    this.#reports.report(shard, next)
  }

  async leave(): Promise<void> {
    this.#feed.end()
    await this.#reports.flush()
    this.#lock.release()
  }

  #store(offsets: ReadonlyMap<ShardId, Offset>): Promise<void> {
    return this.#writer.write(0, (connection) => {
      const update = connection.prepare('UPDATE partitions SET reported = ? WHERE shard = ?')
      for (const [shard, next] of offsets) update.run(next, shard)
    })
  }
}
