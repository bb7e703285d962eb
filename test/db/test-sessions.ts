import { expect } from 'vitest'
import { shardId } from '../../core/position.ts'
import type { ShardSession, WindowTransaction } from '../../core/shard-store.ts'
import type { Statement } from '../../core/statement.ts'
import { MysqlStore } from '../../db/mysql-store.ts'
import type { StoreSettings } from '../../db/session-settings.ts'
import { systemClock } from '../../runtime/clock.ts'
import { MysqlProxy } from './mysql-proxy.ts'
import { allTypes, ownTables, ticket } from './sample-types.ts'
import { at, claimOf, logId, TestShards } from './test-shards.ts'

/** Sessions of shard 0 of two shards, some of them over a wire that can be cut. */
export class TestSessions extends TestShards {
  readonly #sessions: ShardSession[] = []
  #proxy: MysqlProxy | undefined

  constructor() {
    super(2, ownTables, allTypes)
  }

  get proxy(): MysqlProxy {
    if (!this.#proxy) throw new Error('setUp() first')
    return this.#proxy
  }

  async setUp(): Promise<void> {
    await this.migrate()
    this.#proxy = await MysqlProxy.open(this.shards[0]!.url)
  }

  /** Closes the sessions, and puts positions and tickets back. */
  async reset(): Promise<void> {
    await Promise.all(this.#sessions.splice(0).map((session) => session.close()))
    await this.query('DELETE FROM tickets')
    await this.query(
      `UPDATE sluice_offsets SET next_offset = 0, next_operation = 0, log_id = '${logId}'`,
    )
  }

  override async drop(): Promise<void> {
    await this.reset()
    await this.#proxy?.close()
    await super.drop()
  }

  async claim(store = this.store(), claim = claimOf()): Promise<ShardSession> {
    const session = await store.claim(shardId(0), claim)
    this.#sessions.push(session)
    return session
  }

  claimThroughProxy(settings: Partial<StoreSettings> = {}): Promise<ShardSession> {
    const { cluster, map } = this.plan
    const url = this.proxy.through(this.shards[0]!.url)
    return this.claim(
      new MysqlStore({
        cluster,
        map,
        shards: [{ shard: shardId(0), url }],
        settings,
        clock: systemClock,
      }),
    )
  }

  async soldIds(): Promise<number[]> {
    const rows = await this.query('SELECT id FROM tickets ORDER BY id')
    return rows.map(({ id }) => Number(id))
  }
}

export async function begin(session: ShardSession, from = 0): Promise<WindowTransaction> {
  const transaction = await session.begin(at(from), at(from + 1))
  if (transaction === 'fenced') throw new Error('fenced')
  return transaction
}

export const sell = (...ids: number[]): Statement => ({
  ...{ type: ticket, effect: 'create', table: 0 },
  rows: ids.map((id) => ({ set: { id: String(id), seat: `seat ${id}` } })),
})

export const storeError = (action: unknown, message?: RegExp) =>
  expect.objectContaining({
    ...{ name: 'StoreError', action },
    message: message ? expect.stringMatching(message) : expect.any(String),
  })
