import { crc32 } from 'node:zlib'
import { startWorker, type Worker, type WorkerLimits } from '../../consumer/worker.ts'
import type { Alert } from '../../core/alerts.ts'
import { type KeyedRequest, keyedHeaders } from '../../core/keyed-request.ts'
import type { Operation } from '../../core/operation.ts'
import { shardId } from '../../core/position.ts'
import type { DatabaseType } from '../../db/types/database-type.ts'
import { systemClock } from '../../runtime/clock.ts'
import { reportError } from '../../runtime/report-error.ts'
import { batchByShard } from '../support/batch-by-shard.ts'
import { MemoryLog } from '../support/memory-log.ts'
import { TestShards } from './test-shards.ts'

export const workerLimits: WorkerLimits = {
  maxWindowStatements: 8,
  maxIsolationStatements: 250,
  breakerWaitMs: 1000,
  fullWorkerBackOffMs: 20,
  maxConcurrentWindows: 4,
  stoppedRetryMs: 200,
  failureCredit: 100,
  failingAlikeJobs: 3,
  retainHours: 168,
}

export interface SentRequest {
  readonly messageBytes?: number
  readonly messageOperations?: number
  readonly keyed?: KeyedRequest
}

/** A worker of this process on a real shard, with a log in memory. */
export class WorkerOnMysql extends TestShards {
  readonly alerts: Alert[] = []
  #log = new MemoryLog(systemClock, 1)
  #worker: Worker | undefined
  #jobs = 0

  async setUp(): Promise<void> {
    await this.migrate()
    await this.query(`UPDATE sluice_offsets SET log_id = '${this.#log.logId}'`)
  }

  async start(
    type: DatabaseType,
    given: Partial<WorkerLimits> & { statementsPerSecond?: number; pullSize?: number } = {},
  ): Promise<void> {
    const { statementsPerSecond = Number.POSITIVE_INFINITY, pullSize = 10, ...rest } = given
    this.#worker = await startWorker({
      log: this.#log,
      store: this.store(),
      types: new Map([[type.name, type]]),
      checksum: crc32,
      clock: systemClock,
      alerts: { raise: (alert) => this.alerts.push(alert) },
      limits: { ...workerLimits, ...rest },
      owner: 'a test',
      newEpoch: () => crypto.randomUUID(),
      reportError,
      shardLimits: () => ({ statementsPerSecond, pullSize, rowsPerSecond: Infinity }),
    })
  }

  get reason(): string | undefined {
    return [...(this.#worker?.reports.values() ?? [])][0]?.reason
  }

  /** Stops the worker; the log stays. */
  async stop(): Promise<void> {
    await this.#worker?.stop()
    this.#worker = undefined
  }

  /** Stops the worker, and begins anew with an empty log. */
  async reset(): Promise<void> {
    await this.stop()
    this.#log = new MemoryLog(systemClock, 1)
    this.#jobs = 0
    this.alerts.splice(0)
    await this.query('DELETE FROM sluice_failures')
    await this.query('UPDATE sluice_offsets SET next_offset = 0, next_operation = 0')
  }

  override async drop(): Promise<void> {
    await this.#worker?.stop()
    await super.drop()
  }

  /** One request, a job of its own unless it has a key: then that names its job. */
  async send(
    operations: readonly Operation[],
    { messageBytes = 256 * 1024, messageOperations = 1000, keyed }: SentRequest = {},
  ): Promise<void> {
    const batched = batchByShard(operations, {
      job: keyed?.key ?? `job ${this.#jobs++}`,
      tenant: 'tests',
      limits: { operations: messageOperations, bytes: messageBytes },
      checksum: crc32,
      shardOf: () => shardId(0),
    })
    if (batched.tooLarge.length > 0) throw new Error('the operation does not fit into a message')
    const headers = keyed ? keyedHeaders(keyed) : {}
    await this.#log.publish(batched.messages.map((message) => ({ ...message, headers })))
  }

  async isDrained(): Promise<boolean> {
    const [row] = await this.query('SELECT next_offset FROM sluice_offsets')
    return Number(row!.next_offset) > (this.#log.messages[0]!.at(-1)?.offset ?? -1)
  }

  /** How many failures each job has. */
  async failures(): Promise<Record<string, number>> {
    const rows = await this.query(
      'SELECT job, COUNT(*) AS failed FROM sluice_failures GROUP BY job ORDER BY job',
    )
    return Object.fromEntries(rows.map(({ job, failed }) => [job, Number(failed)]))
  }
}
