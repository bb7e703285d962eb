import { crc32 } from 'node:zlib'
import type { Worker, WorkerLimits, WorkerOptions } from '../../consumer/worker.ts'
import { startWorker } from '../../consumer/worker.ts'
import type { Alert } from '../../core/alerts.ts'
import type { MessageHeaders } from '../../core/log.ts'
import type { Operation } from '../../core/operation.ts'
import { shardId } from '../../core/position.ts'
import type { ShardStatus } from '../../core/shard-status.ts'
import type { ShardStore } from '../../core/shard-store.ts'
import { batchByShard } from './batch-by-shard.ts'
import { ManualClock } from './manual-clock.ts'
import { MemoryLog } from './memory-log.ts'
import { ModelShard } from './model-shard.ts'
import { ModelTables } from './model-tables.ts'
import type { ModelType } from './model-type.ts'
import { separateTypes } from './sample-types.ts'
import { workerLimits } from './worker-limits.ts'

/** What a test's worker has different from the others. */
export interface WorldWorker extends Partial<Omit<WorkerOptions, 'limits' | 'shardLimits'>> {
  readonly limits?: Partial<WorkerLimits>
  readonly shardLimits?: Partial<ReturnType<WorkerOptions['shardLimits']>>
}

/** A whole deployment in memory: a log, its shards and a clock, in which workers are started. */
export class ModelWorld {
  readonly clock = new ManualClock()
  readonly log: MemoryLog
  readonly shards: readonly ModelShard[]
  readonly alerts: Alert[] = []
  /** What nobody foresaw. */
  readonly mistakes: unknown[] = []
  readonly types: Map<string, ModelType>
  readonly store: ShardStore
  /** The databases' clock. */
  databaseMs = (): number => this.clock.epochMs()
  #jobs = 0
  #epochs = 0

  constructor(shards = 1, types: readonly ModelType[] = separateTypes) {
    this.log = new MemoryLog(this.clock, shards)
    this.types = new Map(types.map((type) => [type.name, type]))
    this.shards = Array.from(
      { length: shards },
      (_, n) => new ModelShard(shardId(n), new ModelTables(types), this.log.logId),
    )
    this.store = {
      claim: (shard, claim) => this.shards[shard]!.claim(claim),
      history: (shard) => this.shards[shard]!.history(() => this.databaseMs()),
      close: async () => {},
    }
  }

  /** The first shard, which most tests need alone. */
  get shard(): ModelShard {
    return this.shards[0]!
  }

  startWorker({ limits = {}, shardLimits = {}, ...options }: WorldWorker = {}): Promise<Worker> {
    return startWorker({
      log: this.log,
      store: this.store,
      types: this.types,
      checksum: crc32,
      clock: this.clock,
      alerts: { raise: (alert) => this.alerts.push(alert) },
      limits: { ...workerLimits, ...limits },
      owner: 'worker-1',
      newEpoch: () => `epoch-${++this.#epochs}`,
      reportError: (_where, error) => this.mistakes.push(error),
      shardLimits: () => ({
        statementsPerSecond: Infinity,
        rowsPerSecond: Infinity,
        pullSize: 10,
        ...shardLimits,
      }),
      ...options,
    })
  }

  /** One request: a job of its own, in messages of so many operations. */
  async send(
    operations: readonly Operation[],
    request: {
      job?: string
      shard?: number
      messageOperations?: number
      headers?: MessageHeaders
    } = {},
  ): Promise<void> {
    const { shard = 0, messageOperations = 1000, headers = {} } = request
    const { job = `job-${this.#jobs++}` } = request
    const batched = batchByShard(operations, {
      job,
      tenant: 'tests',
      limits: { operations: messageOperations, bytes: 256 * 1024 },
      checksum: crc32,
      shardOf: () => shardId(shard),
    })
    if (batched.tooLarge.length > 0) throw new Error('an operation does not fit into a message')
    await this.log.publish(batched.messages.map((message) => ({ ...message, headers })))
  }

  /** Appends bytes as they are, whatever they are. */
  async sendBytes(bytes: Uint8Array, headers: MessageHeaders = {}): Promise<void> {
    await this.log.publish([{ shard: shardId(0), bytes, headers }])
  }

  isDrained(shard = 0): boolean {
    const messages = this.log.messages[shard]!
    const last = messages.at(-1)
    return last === undefined || this.shards[shard]!.position.offset > last.offset
  }

  /** Lets time pass until every message of every shard is settled. */
  async drain(limitMs?: number): Promise<void> {
    await this.clock.runUntil(() => this.shards.every((_, n) => this.isDrained(n)), limitMs)
  }

  status(shard = 0): ShardStatus {
    return JSON.parse(this.log.statuses.get(shardId(shard))!)
  }

  /** What was recorded as failed, `job-0/3 not_found`, in order. */
  failures(shard = 0): string[] {
    return this.shards[shard]!.records.flatMap(({ failed }) => failed)
      .map(
        ({ source, failure }) => `${source.origin.job}/${source.operation.index} ${failure.code}`,
      )
      .sort()
  }

  /** Superseded operations by job, all windows together. */
  superseded(shard = 0): Record<string, number> {
    return this.#count('superseded', shard)
  }

  /** The same of cancelled ones. */
  cancelled(shard = 0): Record<string, number> {
    return this.#count('cancelled', shard)
  }

  #count(what: 'superseded' | 'cancelled', shard: number): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const record of this.shards[shard]!.records) {
      for (const [job, count] of record[what]) counts[job] = (counts[job] ?? 0) + count
    }
    return counts
  }
}
