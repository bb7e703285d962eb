import { type SQL, sql } from 'drizzle-orm'
import type { Pool, PoolConnection, RowDataPacket } from 'mysql2/promise'
import { createPool } from 'mysql2/promise'
import type { JobCounts, JobFailure, JobStore, ShardProgress } from '../core/job-store.ts'
import { offset, type ShardId } from '../core/position.ts'
import { StoreError } from '../core/shard-store.ts'
import { within } from './deadline.ts'
import { notMigrated } from './identity.ts'
import { storeErrorOf } from './mysql-errors.ts'
import { failures, offsets, outcomes } from './schema.ts'
import {
  defaultStoreSettings,
  readerSettings,
  type StoreSettings,
  setSettings,
} from './session-settings.ts'
import { addressOf, describeAddress, type ShardAddress } from './shard-address.ts'
import { clientOptions } from './shard-connection.ts'
import { textOf } from './sql-text.ts'

/** Per shard and API process; reading progress takes milliseconds. */
const connectionsPerShard = 2
/** Requests that may wait for one of them; more are told to come back. */
const maxWaitingPerShard = 64
const idleTimeoutMs = 30_000

type Values = (string | number)[]

export interface MysqlJobStoreOptions {
  /** The topic of writes: which of a database's positions counts. */
  readonly topic: string
  readonly shards: readonly ShardAddress[]
  readonly settings?: Partial<StoreSettings>
}

/** What became of jobs, read from the shards. Pools open with their first use. */
export class MysqlJobStore implements JobStore {
  readonly #options: MysqlJobStoreOptions
  readonly #settings: StoreSettings
  readonly #pools = new Map<ShardId, Pool>()
  readonly #prepared = new WeakSet<object>()

  constructor(options: MysqlJobStoreOptions) {
    this.#options = options
    this.#settings = { ...defaultStoreSettings, ...options.settings }
  }

  async progress(shard: ShardId, jobs: readonly string[]): Promise<ShardProgress> {
    const rows = await this.#read(shard, progressText, [
      ...[JSON.stringify(jobs), this.#options.topic, shard],
    ])
    const first = rows[0]
    if (!first) {
      const what = `sluice_offsets has no row for ${this.#options.topic}, partition ${shard}: it is the database of another shard or deployment (are the shards' URLs swapped?), or was never set up`
      throw notMigrated(addressOf(this.#options.shards, shard), what)
    }
    return {
      logId: first.log_id,
      position: {
        offset: offset(Number(first.next_offset)),
        operation: Number(first.next_operation),
      },
      jobs: new Map(rows.filter(({ job }) => job !== null).map((row) => [row.job, countsOf(row)])),
    }
  }

  async failures(
    shard: ShardId,
    job: string,
    after: number,
    limit: number,
  ): Promise<readonly JobFailure[]> {
    // A LIMIT takes no parameter of a prepared statement as a DOUBLE, which mysql2 makes of numbers.
    const rows = await this.#read(shard, failuresText, [job, after, String(limit)])
    return rows.map(({ operation, type, op, object, amounts, code, message }) => ({
      ...{ index: Number(operation), type, op, object },
      ...(amounts !== null && { by: amounts }),
      ...{ code, message },
    }))
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    const { connectTimeoutMs } = this.#settings
    await Promise.all(pools.map((pool) => within(connectTimeoutMs, pool.end()).catch(() => {})))
  }

  async #read(shard: ShardId, text: string, values: Values): Promise<RowDataPacket[]> {
    const address = addressOf(this.#options.shards, shard)
    try {
      return await this.#readOnce(address, text, values)
    } catch (error) {
      const why = storeErrorOf(error, describeAddress(address))
      if (why.action !== 'reconnect') throw why
    }
    // A connection that lay idle may have been closed meanwhile, and reading twice does no harm.
    return this.#readOnce(address, text, values).catch((error) => {
      throw storeErrorOf(error, describeAddress(address))
    })
  }

  async #readOnce(address: ShardAddress, text: string, values: Values): Promise<RowDataPacket[]> {
    const connection = await this.#connection(address)
    const read = async () => {
      if (!this.#prepared.has(connection.connection)) {
        await connection.query(setSettings(readerSettings(this.#settings)))
        this.#prepared.add(connection.connection)
      }
      const [rows] = await connection.execute<RowDataPacket[]>(text, values)
      return rows
    }
    try {
      const rows = await within(this.#settings.statementTimeoutMs, read())
      connection.release()
      return rows
    } catch (error) {
      connection.destroy()
      throw error
    }
  }

  async #connection(address: ShardAddress): Promise<PoolConnection> {
    try {
      return await this.#pool(address).getConnection()
    } catch (error) {
      if ((error as Error).message !== 'Queue limit reached.') throw error
      const message = `${describeAddress(address)}: ${maxWaitingPerShard} requests wait for it already`
      throw new StoreError('back_off', 'QUEUE_FULL', message)
    }
  }

  #pool(address: ShardAddress): Pool {
    const known = this.#pools.get(address.shard)
    if (known) return known
    const pool = createPool({
      ...clientOptions(address),
      connectionLimit: connectionsPerShard,
      queueLimit: maxWaitingPerShard,
      maxIdle: 1,
      idleTimeout: idleTimeoutMs,
      connectTimeout: this.#settings.connectTimeoutMs,
      connectAttributes: { program_name: 'sluice', sluice_shard: String(address.shard) },
    })
    this.#pools.set(address.shard, pool)
    return pool
  }
}

function countsOf({ failed, superseded, cancelled }: RowDataPacket): JobCounts {
  return {
    failed: Number(failed),
    superseded: Number(superseded ?? 0),
    cancelled: Number(cancelled ?? 0),
  }
}

const any = sql.placeholder('value')
const job = sql`asked.job`
const countOfFailures: SQL = sql`(SELECT COUNT(*) FROM ${failures} WHERE ${failures.job} = ${job})`

// One SELECT, so that position and counts are of one moment.
const progressText = textOf(
  sql`SELECT ${offsets.logId}, ${offsets.nextOffset}, ${offsets.nextOperation}, ${job}, ${countOfFailures} AS failed, ${outcomes.superseded}, ${outcomes.cancelled} FROM ${offsets} LEFT JOIN JSON_TABLE(${any}, '$[*]' COLUMNS (job TEXT PATH '$' ERROR ON ERROR)) AS asked ON TRUE LEFT JOIN ${outcomes} ON ${outcomes.job} = ${job} WHERE ${offsets.topic} = ${any} AND ${offsets.partitionId} = ${any}`,
)

const failuresText = textOf(
  sql`SELECT ${failures.operation}, ${failures.type}, ${failures.op}, ${failures.object}, ${failures.amounts}, ${failures.code}, ${failures.message} FROM ${failures} WHERE ${failures.job} = ${any} AND ${failures.operation} > ${any} ORDER BY ${failures.operation} LIMIT ${any}`,
)
