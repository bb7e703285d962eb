import type { MySqlTable } from 'drizzle-orm/mysql-core'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { inject } from 'vitest'
import { offset, type Position, shardId } from '../../core/position.ts'
import type { Claim } from '../../core/shard-store.ts'
import { migrate } from '../../db/migrate.ts'
import type { MigrationPlan } from '../../db/migration.ts'
import { MysqlStore } from '../../db/mysql-store.ts'
import type { StoreSettings } from '../../db/session-settings.ts'
import type { ShardAddress } from '../../db/shard-address.ts'
import type { DatabaseType } from '../../db/types/database-type.ts'
import { systemClock } from '../../runtime/clock.ts'

export const topic = 'test.writes'
export const logId = 'the-log'

/** Databases of its own on the real server, set up as shards, and dropped at the end. */
export class TestShards {
  readonly shards: readonly ShardAddress[]
  readonly plan: MigrationPlan
  readonly #serverUrl: string
  readonly #open: { close(): Promise<unknown> }[] = []
  #admin: Connection | undefined

  constructor(
    count: number,
    ownTables: readonly MySqlTable[],
    types: readonly DatabaseType[],
    serverUrl = inject('mysqlUrl'),
  ) {
    this.#serverUrl = serverUrl
    const name = `sluice_test_${crypto.randomUUID().slice(0, 8)}`
    this.shards = Array.from({ length: count }, (_, shard) => {
      const url = new URL(serverUrl)
      url.pathname = `/${name}_${shard}`
      return { shard: shardId(shard), url: url.href }
    })
    this.plan = {
      ...{ cluster: 'test', map: `hash:${count}`, topic, logId, shards: this.shards },
      ...{ ownTables, types, earliest: () => offset(0) },
    }
  }

  async migrate() {
    return migrate(this.plan)
  }

  store(settings: Partial<StoreSettings> = {}): MysqlStore {
    const { cluster, map } = this.plan
    const store = new MysqlStore({
      cluster,
      map,
      shards: this.shards,
      settings,
      clock: systemClock,
    })
    this.#open.push(store)
    return store
  }

  /** A plain connection to a shard's database, as online traffic has. */
  async connect(shard = 0): Promise<Connection> {
    const connection = await createConnection({
      uri: this.shards[shard]!.url,
      timezone: 'Z',
      dateStrings: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
    })
    connection.on('error', () => {})
    this.#open.push({ close: async () => connection.destroy() })
    return connection
  }

  async query(text: string, shard = 0): Promise<RowDataPacket[]> {
    this.#admin ??= await createConnection({
      uri: this.#serverUrl,
      timezone: 'Z',
      dateStrings: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
    })
    await this.#admin.query(`USE \`${databaseName(this.shards[shard]!)}\``)
    const [rows] = await this.#admin.query<RowDataPacket[]>(text)
    return rows
  }

  async drop(): Promise<void> {
    await Promise.all(this.#open.map((open) => open.close().catch(() => {})))
    const admin = this.#admin ?? (await createConnection(this.#serverUrl))
    for (const address of this.shards) {
      await admin.query(`DROP DATABASE IF EXISTS \`${databaseName(address)}\``)
    }
    await admin.end()
  }
}

export function databaseName({ url }: ShardAddress): string {
  return new URL(url).pathname.slice(1)
}

export function claimOf(owner = 'a worker'): Claim {
  return { topic, logId, epoch: crypto.randomUUID(), owner }
}

export function at(messageOffset: number, operation = 0): Position {
  return { offset: offset(messageOffset), operation }
}
