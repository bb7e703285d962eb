import { type AppliedWindow, applyPlan } from '../../consumer/apply.ts'
import type { Operation, OperationKind, WireObject } from '../../core/operation.ts'
import { planWindow } from '../../core/plan.ts'
import { shardId } from '../../core/position.ts'
import type { ShardSession, WindowTransaction } from '../../core/shard-store.ts'
import type { Source } from '../../core/source.ts'
import type { DatabaseType } from '../../db/types/database-type.ts'
import { partTables as allTables, goodItem, typeOfTables } from './isolation-types.ts'
import { at, claimOf, databaseName, TestShards } from './test-shards.ts'

export const batchRows = 1000
const maxIsolationStatements = 400
const partTables = allTables.slice(0, 5)

/** A shard whose tables are made anew for each case, and one window on them. */
export class IsolationWindows extends TestShards {
  readonly types = new Map([1, 2, 5].map((tables) => [tables, typeOfTables(tables)]))
  #session: ShardSession | undefined
  #next = 0

  constructor() {
    super(1, partTables, [typeOfTables(5)])
  }

  async setUp(): Promise<void> {
    await this.migrate()
    this.#session = await this.store().claim(shardId(0), claimOf())
    for (const n of partTables.keys()) await this.query(`CREATE TABLE fresh_${n} LIKE part_${n}`)
  }

  override async drop(): Promise<void> {
    await this.#session?.close()
    await super.drop()
  }

  /** Empty tables, with `existing` objects in them, then changed past all validation. */
  async prepare(existing: number, tables: number, changes: readonly string[]): Promise<void> {
    await this.query('DROP TABLE IF EXISTS children')
    for (const n of partTables.keys()) {
      await this.query(`DROP TABLE IF EXISTS part_${n}`)
      await this.query(`CREATE TABLE part_${n} LIKE fresh_${n}`)
    }
    await this.query('DROP TABLE IF EXISTS parents')
    if (existing > 0) {
      const type = this.types.get(tables)!
      const given = { tables, kind: 'create' as const, objects: goodItems(existing, tables) }
      const { failed } = await this.apply(this.sources(given), type)
      if (failed.length > 0) throw new Error(failed[0]!.failure.message)
    }
    for (const change of changes) await this.query(change)
  }

  sources({ tables, kind, objects, add, jobs = 1 }: Batch): Source[] {
    const type = this.types.get(tables)!
    return objects.map((object, index) => {
      const operation: Operation = {
        index,
        type: type.name,
        kind,
        object,
        ...(add && { by: add(index) }),
      }
      const origin = { job: `job ${index % jobs}`, tenant: 'tests' }
      return { operation, type, origin, end: at(1) }
    })
  }

  async open(): Promise<WindowTransaction> {
    const transaction = await this.#session!.begin(at(this.#next), at(this.#next + 1))
    if (transaction === 'fenced') throw new Error('fenced')
    return transaction
  }

  /** All in one transaction. */
  async apply(sources: readonly Source[], _type?: DatabaseType): Promise<IsolatedWindow> {
    const plan = planWindow(sources)
    const transaction = await this.open()
    const startMs = performance.now()
    const applied = await applyPlan(transaction, plan, maxIsolationStatements)
    await transaction.record({
      failed: applied.failed,
      undecodable: [],
      superseded: new Map(),
      cancelled: new Map(),
    })
    await transaction.commit()
    this.#next++
    const { failed, superseded, statements } = applied
    const more = statements - plan.statements.length
    return { failed, superseded, statements, more, ms: performance.now() - startMs }
  }

  /** Rows in each table. */
  async counts(tables: number): Promise<number[]> {
    const columns = Array.from(
      { length: tables },
      (_, n) => `(SELECT COUNT(*) FROM part_${n}) AS c${n}`,
    )
    const [row] = await this.query(`SELECT ${columns.join()}`)
    return Object.values(row!).map(Number)
  }

  get database(): string {
    return databaseName(this.shards[0]!)
  }
}

export interface Batch {
  readonly tables: number
  readonly kind: OperationKind
  readonly objects: readonly WireObject[]
  readonly add?: (index: number) => WireObject
  readonly jobs?: number
}

export interface IsolatedWindow extends AppliedWindow {
  /** Statements beyond the plan's. */
  readonly more: number
  readonly ms: number
}

export function goodItems(count: number, tables: number): WireObject[] {
  return Array.from({ length: count }, (_, i) => goodItem(i, tables))
}
