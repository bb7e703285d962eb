import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MySqlTable } from 'drizzle-orm/mysql-core'
import type { Connection } from 'mysql2/promise'
import { createApp } from '../../../api/app.ts'
import { authenticateBy } from '../../../api/auth.ts'
import { createReceipts } from '../../../api/receipts.ts'
import { route } from '../../../config/routing.ts'
import { defaultWorkerSettings } from '../../../config/worker-settings.ts'
import { startWorker, type Worker } from '../../../consumer/worker.ts'
import type { Log } from '../../../core/log.ts'
import { MysqlJobStore } from '../../../db/job-store.ts'
import { migrate } from '../../../db/migrate.ts'
import { defaultStoreSettings } from '../../../db/session-settings.ts'
import { createSqliteLog, openSqliteLog } from '../../../log/sqlite-log.ts'
import { checksum } from '../../../runtime/checksum.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { newDigest } from '../../../runtime/digest.ts'
import { reportError } from '../../../runtime/report-error.ts'
import { TestShards } from '../test-shards.ts'
import { compileTypes, type LooseType } from '../type-problems.ts'

export interface Failure {
  readonly index: number
  readonly code: string
  readonly message: string
}

/**
 * Types of one shard served as in production, in this process: the API, the embedded log, a worker, a
 * real MySQL; and plain connections to the same database, for what they are compared with.
 */
export class ServedTypes {
  readonly #shards: TestShards
  readonly #folder: string
  readonly #log: Log
  #worker: Worker | undefined
  readonly #startWorker: () => Promise<Worker>
  readonly #app: ReturnType<typeof createApp>
  readonly #jobs: MysqlJobStore

  /** `others` are tables that are made beside those of the types. */
  static async start(
    declared: Readonly<Record<string, Pick<LooseType, 'tables' | 'ordered'>>>,
    others: readonly MySqlTable[] = [],
  ): Promise<ServedTypes> {
    const shardBy = route(['id'], () => 0)
    const types = compileTypes(
      Object.fromEntries(
        Object.entries(declared).map(([name, type]) => [name, { ...type, shardBy }]),
      ),
    )
    const tables = Object.values(declared).flatMap((type) => type.tables as readonly MySqlTable[])
    const shards = new TestShards(1, [...tables, ...others], [...types.values()])
    const folder = mkdtempSync(join(tmpdir(), 'sluice-exact-'))
    const path = join(folder, 'log.sqlite')
    createSqliteLog({ path, partitions: 1, topicPrefix: 'test' })
    const log = openSqliteLog({ path, partitions: 1, owner: 'test' })
    const { topic, logId } = log
    await migrate({ ...shards.plan, topic, logId })
    const start = () =>
      startWorker({
        ...{ log, types, checksum, clock: systemClock, owner: 'test' },
        store: shards.store(),
        alerts: { raise: () => {} },
        limits: defaultWorkerSettings,
        newEpoch: () => crypto.randomUUID(),
        reportError,
        shardLimits: () => ({
          statementsPerSecond: Infinity,
          rowsPerSecond: Infinity,
          pullSize: 10,
        }),
      })
    const jobs = new MysqlJobStore({ topic, shards: shards.shards, settings: defaultStoreSettings })
    const app = createApp({
      ...{
        types,
        log,
        jobs,
        checksum,
        newDigest,
        logSystem: 'sqlite',
        clock: systemClock,
        version: '0.0.0',
      },
      receipts: await createReceipts([{ kid: 'test', secret: new Uint8Array(32) }]),
      authenticate: authenticateBy(undefined),
      newJobId: () => crypto.randomUUID(),
      spoolFolder: join(folder, 'spool'),
      reportError: (where, error) => console.error(where, error),
    })
    const served = new ServedTypes(shards, folder, log, start, app, jobs)
    await served.startWorker()
    return served
  }

  private constructor(
    shards: TestShards,
    folder: string,
    log: Log,
    start: () => Promise<Worker>,
    app: ReturnType<typeof createApp>,
    jobs: MysqlJobStore,
  ) {
    this.#shards = shards
    this.#folder = folder
    this.#log = log
    this.#startWorker = start
    this.#app = app
    this.#jobs = jobs
  }

  async startWorker(): Promise<void> {
    this.#worker = await this.#startWorker()
  }

  /** From here on operations wait. */
  async stopWorker(): Promise<void> {
    await this.#worker?.stop()
    this.#worker = undefined
  }

  /** A plain connection to the shard's database, its session as a program in UTC would have it. */
  async connect(): Promise<Connection> {
    const connection = await this.#shards.connect()
    await connection.query(
      "SET SESSION time_zone = '+00:00', sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')",
    )
    return connection
  }

  /** Publishes operations as one request; resolves with the receipt. */
  async publish(operations: readonly object[]): Promise<string> {
    const response = await this.#app.request('/v1/writes', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ operations }),
    })
    const answer = (await response.json()) as { receipt: string }
    if (response.status !== 202) throw new Error(`${response.status}: ${JSON.stringify(answer)}`)
    return answer.receipt
  }

  /** Waits until a job is done, and gives what failed of it. */
  async failuresOf(receipt: string): Promise<Failure[]> {
    for (;;) {
      const response = await this.#app.request(`/v1/jobs/${receipt}`)
      const { state } = (await response.json()) as { state: string }
      if (state.startsWith('done')) break
      await sleep(5)
    }
    const response = await this.#app.request(`/v1/jobs/${receipt}/failures`)
    const lines = (await response.text()).split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as Failure)
  }

  /** Publishes operations and waits for them. */
  async write(operations: readonly object[]): Promise<Failure[]> {
    return this.failuresOf(await this.publish(operations))
  }

  async stop(): Promise<void> {
    await this.stopWorker()
    await this.#jobs.close()
    await this.#log.close()
    await this.#shards.drop()
    rmSync(this.#folder, { recursive: true })
  }
}
