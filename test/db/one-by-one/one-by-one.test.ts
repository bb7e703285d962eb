import fc from 'fast-check'
import type { Connection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { applyPlan } from '../../../consumer/apply.ts'
import type { Operation } from '../../../core/operation.ts'
import { planWindow } from '../../../core/plan.ts'
import { shardId } from '../../../core/position.ts'
import type { ShardSession } from '../../../core/shard-store.ts'
import { defaultStoreSettings, setSettings, windowSettings } from '../../../db/session-settings.ts'
import { at, claimOf, databaseName, TestShards } from '../test-shards.ts'
import type { Design } from './design.ts'
import { designs } from './designs.ts'
import { operationsOn, sourcesOf } from './operations.ts'
import { columnsOf, PlainShard, rowsOf } from './plain-shard.ts'

/** Operations of a run: enough that objects are made, meet, go and come again. */
const maxOperations = 24
/** Each takes some 25 ms. */
const runs = 60
/** More than isolating so few operations takes. */
const isolationStatements = 10_000

describe.each(Object.entries(designs))('windows on %s', (_, design) => {
  const both = new BothWays(design)
  beforeAll(() => both.setUp())
  afterAll(() => both.drop())

  test('leave the rows and outcomes of one operation after the other', async () => {
    const run = fc.record({
      operations: operationsOn(design, maxOperations),
      statements: fc.constantFrom(1, 3, 8, 100),
      windowOperations: fc.integer({ min: 1, max: maxOperations }),
    })
    await fc.assert(
      fc.asyncProperty(run, async ({ operations, ...limits }) => {
        await both.empty()
        const outcomes = await both.applyInWindows(operations, {
          statements: limits.statements,
          operations: limits.windowOperations,
        })
        const alone = await both.applyAlone(operations)
        expect(outcomes).toEqual(alone)
        expect(await both.rows(0)).toEqual(await both.rows(1))
      }),
      { numRuns: runs },
    )
  }, 60_000)
})

/** A design's tables twice: written by windows in shard 0, plainly in shard 1. */
class BothWays {
  readonly #design: Design
  readonly #shards: TestShards
  #session: ShardSession | undefined
  #plain: Connection | undefined
  #next = 0

  constructor(design: Design) {
    this.#design = design
    const types = [...design.types.values()]
    this.#shards = new TestShards(2, design.tables, types)
  }

  async setUp(): Promise<void> {
    await this.#shards.migrate()
    for (const shard of [0, 1]) {
      for (const statement of this.#design.ddl) await this.#shards.query(statement, shard)
    }
    this.#session = await this.#shards.store().claim(shardId(0), claimOf())
    this.#plain = await this.#shards.connect(1)
    const { autocommit, ...settings } = windowSettings(defaultStoreSettings)
    await this.#plain.query(setSettings({ ...settings, wait_timeout: 600 }))
    await this.#plain.query('SET autocommit = 0')
  }

  drop(): Promise<void> {
    return this.#shards.drop()
  }

  async empty(): Promise<void> {
    const tables = Object.keys(this.#compared)
    await this.#plain!.query('SET foreign_key_checks = 0')
    for (const shard of [0, 1]) {
      for (const table of tables) {
        await this.#plain!.query(`DELETE FROM \`${this.#database(shard)}\`.\`${table}\``)
      }
    }
    await this.#plain!.query('SET foreign_key_checks = 1')
    await this.#plain!.query('COMMIT')
  }

  /** Each operation's outcome; a superseded one would have applied alone. */
  async applyInWindows(
    operations: readonly Operation[],
    limits: { statements: number; operations: number },
  ): Promise<string[]> {
    const outcomes = new Map<number, string>()
    let rest = sourcesOf(operations, this.#design)
    while (rest.length > 0) {
      const plan = planWindow(rest, limits)
      const transaction = await this.#session!.begin(at(this.#next), at(++this.#next))
      if (transaction === 'fenced') throw new Error('fenced')
      const { failed } = await applyPlan(transaction, plan, isolationStatements)
      await transaction.commit()
      for (const { source, failure } of failed) outcomes.set(source.operation.index, failure.code)
      rest = rest.slice(plan.sources.length)
    }
    return operations.map(({ index }) => outcomes.get(index) ?? 'applied')
  }

  async applyAlone(operations: readonly Operation[]): Promise<string[]> {
    const plain = new PlainShard(this.#plain!)
    const outcomes: string[] = []
    for (const operation of operations) {
      outcomes.push(await plain.apply(this.#design.types.get(operation.type)!, operation))
    }
    await this.#plain!.query('COMMIT')
    return outcomes
  }

  rows(shard: number): Promise<Record<string, unknown>> {
    return rowsOf(this.#plain!, this.#database(shard), this.#compared)
  }

  get #compared(): Readonly<Record<string, string>> {
    const { types, alsoCompared } = this.#design
    return Object.assign({}, ...[...types.values()].map(columnsOf), alsoCompared)
  }

  #database(shard: number): string {
    return databaseName(this.#shards.shards[shard]!)
  }
}
