import { shardId } from '../../core/position.ts'
import type { ShardSession, WindowTransaction } from '../../core/shard-store.ts'
import type { Effect, Row, StatementResult } from '../../core/statement.ts'
import type { DatabaseType } from '../../db/types/database-type.ts'
import { allTypes, ownTables } from './sample-types.ts'
import { at, claimOf, TestShards } from './test-shards.ts'

/** One claimed shard with two users, and windows on it, one after the other. */
export class TestWindows extends TestShards {
  #session: ShardSession | undefined
  #next = 0

  constructor() {
    super(1, ownTables, allTypes)
  }

  get session(): ShardSession {
    if (!this.#session) throw new Error('setUp() first')
    return this.#session
  }

  async setUp(): Promise<void> {
    await this.migrate()
    this.#session = await this.store().claim(shardId(0), claimOf())
  }

  async reset(): Promise<void> {
    for (const table of ['board_pins', 'pins', 'users', 'notes', 'tickets']) {
      await this.query(`DELETE FROM ${table}`)
    }
    await this.query("INSERT INTO users VALUES (7, 'ada'), (8, 'bob')")
    await this.query('UPDATE sluice_offsets SET next_offset = 0, next_operation = 0')
    this.#next = 0
  }

  override async drop(): Promise<void> {
    await this.#session?.close()
    await super.drop()
  }

  async open(): Promise<WindowTransaction> {
    const transaction = await this.session.begin(at(this.#next), at(this.#next + 1))
    if (transaction === 'fenced') throw new Error('fenced')
    return transaction
  }

  async commit(transaction: WindowTransaction): Promise<void> {
    await transaction.commit()
    this.#next++
  }

  /** Runs one statement in a window of its own, which is committed if the statement applied. */
  async run(
    type: DatabaseType,
    effect: Effect,
    rows: readonly Row[],
    table = 0,
  ): Promise<StatementResult> {
    const transaction = await this.open()
    const result = await transaction.run({ type, effect, rows, table })
    if (result.kind === 'done') await this.commit(transaction)
    else await transaction.rollback()
    return result
  }
}
