import type { Position, ShardId } from '../../core/position.ts'
import { offset, samePosition } from '../../core/position.ts'
import type { BlockId, RequestBlock } from '../../core/request-blocks.ts'
import type { PastPosition } from '../../core/retention.ts'
import type {
  Claim,
  RetriedFailure,
  RetryVerdict,
  ShardHistory,
  ShardSession,
  WindowRecords,
  WindowTransaction,
} from '../../core/shard-store.ts'
import { StoreError } from '../../core/shard-store.ts'
import type { Statement, StatementResult } from '../../core/statement.ts'
import type { ModelTables } from './model-tables.ts'
import { blockKey, ModelTransaction, noNames } from './model-transaction.ts'

/** What a worker does to a shard. A COMMIT has taken effect at `committed`, before its answer. */
export type ShardStep =
  | 'claim'
  | 'begin'
  | 'readRequests'
  | 'clearJobs'
  | 'savepoint'
  | 'run'
  | 'rollbackToSavepoint'
  | 'markRetried'
  | 'record'
  | 'commit'
  | 'committed'
  | 'rollback'
  | 'settle'
  | 'look'
  | 'close'
  | 'history'

interface ScriptedStep {
  readonly step: ShardStep
  /** Counts down to the step that it happens at. */
  left: number
  readonly happen: () => unknown
}

/**
 * One shard's database in memory: its rows, its row of `sluice_offsets` and what was recorded, with
 * the fence and the locks that the port promises, and whatever goes wrong as a test scripts it.
 */
export class ModelShard {
  readonly id: ShardId
  tables: ModelTables
  position: Position = { offset: offset(0), operation: 0 }
  epoch = ''
  owner = ''
  claims = 0
  statementBytes = 1024 * 1024
  logId: string
  records: WindowRecords[] = []
  /** Failures that a retry sent again, `job/operation`. */
  readonly retried = new Set<string>()
  /** What is known of keyed requests. */
  readonly requests = new Map<string, RequestBlock>()
  /** Where it stood when. */
  notes: PastPosition[] = []
  /** Every step taken, in order. */
  readonly steps: ShardStep[] = []
  /** Told of every statement before it runs, which waits for the answer. */
  onStatement: ((statement: Statement) => unknown) | undefined
  open: ModelWindow | undefined
  #script: ScriptedStep[] = []

  constructor(id: ShardId, tables: ModelTables, logId: string) {
    this.id = id
    this.tables = tables
    this.logId = logId
  }

  /** Scripts what happens at the `nth` such step from now on: an error thrown, a change, a wait. */
  at(step: ShardStep, happen: () => unknown, nth = 1): void {
    this.#script.push({ step, left: nth, happen })
  }

  async reach(step: ShardStep): Promise<void> {
    this.steps.push(step)
    const due = this.#script.filter((scripted) => scripted.step === step && --scripted.left === 0)
    this.#script = this.#script.filter((scripted) => !due.includes(scripted))
    for (const { happen } of due) await happen()
  }

  get isScriptDone(): boolean {
    return this.#script.length === 0
  }

  async claim(claim: Claim): Promise<ShardSession> {
    await this.reach('claim')
    if (claim.logId !== this.logId) throw new StoreError('stop', 'LOG_RECREATED', 'another log')
    this.open?.kill()
    this.epoch = claim.epoch
    this.owner = claim.owner
    this.claims++
    return this.#session(claim)
  }

  async history(nowMs: () => number): Promise<ShardHistory> {
    await this.reach('history')
    return {
      read: async () => ({
        nowMs: nowMs(),
        offset: this.position.offset,
        past: [...this.notes],
      }),
      note: async () => {
        const id = (this.notes.at(-1)?.id ?? 0) + 1
        this.notes.push({ id, atMs: nowMs(), offset: this.position.offset })
      },
      forget: async (beforeId) => {
        this.notes = this.notes.filter(({ id }) => id >= beforeId)
      },
      close: async () => {},
    }
  }

  #session({ epoch }: Claim): ShardSession {
    return {
      shard: this.id,
      position: this.position,
      claimedAtMs: this.claims,
      statementBytes: this.statementBytes,
      prepare: () => {},
      begin: async (from, to) => {
        await this.reach('begin')
        if (this.open) throw new StoreError('timeout', '1205', 'another transaction holds the row')
        if (this.epoch !== epoch || !samePosition(this.position, from)) return 'fenced'
        this.open = new ModelWindow(this, to)
        return this.open
      },
      settle: async () => {
        await this.reach('settle')
        if (this.epoch !== epoch) return 'lost'
        this.open?.kill()
        return this.position
      },
      look: async () => {
        await this.reach('look')
        return this.epoch === epoch ? this.position : 'lost'
      },
      close: async () => {
        await this.reach('close')
        if (this.epoch === epoch) this.open?.kill()
      },
    }
  }
}

/** An open transaction of a shard. What goes wrong in it ends it, as the port says. */
export class ModelWindow implements WindowTransaction {
  readonly #shard: ModelShard
  readonly #to: Position
  readonly #inner: ModelTransaction
  readonly #retried = new Set<string>()
  #isKilled = false

  constructor(shard: ModelShard, to: Position) {
    this.#shard = shard
    this.#to = to
    this.#inner = new ModelTransaction(shard.tables, noNames, shard.requests)
  }

  /** Its connection is gone, and with it all that it did. */
  kill(): void {
    this.#isKilled = true
    if (this.#shard.open === this) this.#shard.open = undefined
  }

  readRequests(blocks: readonly BlockId[]): Promise<readonly RequestBlock[]> {
    return this.#step('readRequests', () => this.#inner.readRequests(blocks))
  }

  clearJobs(jobs: ReadonlySet<string>): Promise<void> {
    return this.#step('clearJobs', () => this.#inner.clearJobs(jobs))
  }

  savepoint(): Promise<void> {
    return this.#step('savepoint', () => this.#inner.savepoint())
  }

  rollbackToSavepoint(): Promise<void> {
    return this.#step('rollbackToSavepoint', () => this.#inner.rollbackToSavepoint())
  }

  run(statement: Statement): Promise<StatementResult> {
    return this.#step('run', async () => {
      await this.#shard.onStatement?.(statement)
      this.#demandAlive()
      return this.#inner.run(statement)
    })
  }

  runNaming(statement: Statement): Promise<StatementResult> {
    return this.run(statement)
  }

  markRetried(failures: readonly RetriedFailure[]): Promise<readonly RetryVerdict[]> {
    return this.#step('markRetried', async () => {
      const recorded = this.#shard.records.flatMap(({ failed }) => failed)
      const known = new Set(
        recorded.map(({ source }) => `${source.origin.job}/${source.operation.index}`),
      )
      return failures.map(({ job, operation }) => {
        const failure = `${job}/${operation}`
        if (!known.has(failure)) return 'gone'
        if (this.#shard.retried.has(failure) || this.#retried.has(failure)) return 'again'
        this.#retried.add(failure)
        return 'first'
      })
    })
  }

  record(records: WindowRecords): Promise<void> {
    return this.#step('record', () => this.#inner.record(records))
  }

  async rollback(): Promise<void> {
    await this.#step('rollback', () => this.#inner.rollback())
    this.kill()
  }

  async commit(): Promise<void> {
    await this.#step('commit', () => this.#inner.commit()).catch((error) => {
      const isLost = error instanceof StoreError && error.action === 'reconnect'
      throw isLost ? new StoreError('unclear', error.code, error.message) : error
    })
    this.#shard.tables = this.#inner.tables
    this.#shard.position = this.#to
    for (const failure of this.#retried) this.#shard.retried.add(failure)
    const { records, cleared } = this.#inner
    const kept = this.#shard.records.map((record) => without(record, cleared))
    this.#shard.records = [...kept, ...records]
    for (const { requests } of records) {
      for (const block of requests?.blocks ?? []) this.#shard.requests.set(blockKey(block), block)
    }
    this.kill()
    await this.#shard.reach('committed')
  }

  async #step<T>(step: ShardStep, work: () => Promise<T>): Promise<T> {
    try {
      this.#demandAlive()
      await this.#shard.reach(step)
      this.#demandAlive()
      return await work()
    } catch (error) {
      this.kill()
      throw error
    }
  }

  #demandAlive(): void {
    if (this.#isKilled) throw new StoreError('reconnect', '2013', 'the connection was killed')
  }
}

function without(records: WindowRecords, jobs: ReadonlySet<string>): WindowRecords {
  const others = (counts: ReadonlyMap<string, number>) =>
    new Map([...counts].filter(([job]) => !jobs.has(job)))
  return {
    ...records,
    failed: records.failed.filter(({ source }) => !jobs.has(source.origin.job)),
    superseded: others(records.superseded),
    cancelled: others(records.cancelled),
  }
}
