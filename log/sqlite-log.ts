import { statfs } from 'node:fs/promises'
import {
  type ControlBoard,
  type Headroom,
  type Log,
  type LogBounds,
  LogError,
  type Membership,
  type OutgoingMessage,
  type PartitionReader,
  PublishError,
  type StatusBoard,
} from '../core/log.ts'
import type { Offset, ShardId } from '../core/position.ts'
import { misfit } from './message-bounds.ts'
import { defaultPublishTimeoutMs } from './publish-timeout.ts'
import { SqliteArrivals } from './sqlite-arrivals.ts'
import { SqliteControlBoard } from './sqlite-control-board.ts'
import { createSqliteDatabase, openSqliteDatabase, type SqliteDatabase } from './sqlite-database.ts'
import { SqliteMembership } from './sqlite-membership.ts'
import { SqlitePartitions } from './sqlite-partitions.ts'
import { SqliteReader } from './sqlite-reader.ts'
import { SqliteStatusBoard } from './sqlite-status-board.ts'
import { giveBackSpace, trimPartition } from './sqlite-trim.ts'
import { SqliteWriter } from './sqlite-writer.ts'

export interface SqliteLogOptions {
  /** The log's file; files beside it begin with the same name. */
  readonly path: string
  /** How many shards there are; a log made for another number is not opened. */
  readonly partitions: number
  /** Names this worker for others that find the log locked. */
  readonly owner: string
  /** How long a publish waits for other processes' writes before it fails. */
  readonly publishTimeoutMs?: number
}

/** Makes the embedded log that `openSqliteLog` opens; one that is there stays as it is. */
export function createSqliteLog(options: {
  readonly path: string
  readonly partitions: number
  readonly topicPrefix: string
}): void {
  const { path, partitions, topicPrefix } = options
  const logId = crypto.randomUUID()
  createSqliteDatabase(path, { logId, topic: `${topicPrefix}.writes`, partitions })
}

/** Opens the log in one file on this machine. Throws a `LogError`. */
export function openSqliteLog(options: SqliteLogOptions): Log {
  return new SqliteLog(openSqliteDatabase(options.path, options.partitions), options)
}

class SqliteLog implements Log {
  readonly logId: string
  readonly topic: string
  readonly partitions: number
  readonly status: StatusBoard
  readonly control: ControlBoard
  readonly #database: SqliteDatabase
  readonly #owner: string
  readonly #writer: SqliteWriter
  readonly #arrivals: SqliteArrivals
  readonly #partitions: SqlitePartitions
  #membership: SqliteMembership | undefined

  constructor(database: SqliteDatabase, options: SqliteLogOptions) {
    const { logId, topic, partitions } = database.identity
    this.logId = logId
    this.topic = topic
    this.partitions = partitions
    this.#database = database
    this.#owner = options.owner
    this.#arrivals = new SqliteArrivals(database)
    const timeoutMs = options.publishTimeoutMs ?? defaultPublishTimeoutMs
    this.#writer = new SqliteWriter(database, timeoutMs, () => this.#arrivals.wake())
    this.#partitions = new SqlitePartitions(database.connection)
    this.status = new SqliteStatusBoard(database, this.#writer)
    this.control = new SqliteControlBoard(database, this.#writer, this.#arrivals)
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<readonly Offset[]> {
    const unfit = misfit(messages, this.partitions)
    if (unfit) throw new PublishError('none', `Nothing was written: ${unfit}`)
    if (messages.length === 0) return []
    const bytes = messages.reduce((sum, message) => sum + message.bytes.byteLength, 0)
    return this.#writer.write(bytes, () =>
      messages.map((message) => this.#partitions.append(message)),
    )
  }

  async bounds(shard: ShardId): Promise<LogBounds> {
    await this.ping()
    return this.#partitions.bounds(shard)
  }

  async open(shard: ShardId, from: Offset): Promise<PartitionReader> {
    await this.ping()
    return new SqliteReader(this.#database, this.#partitions, this.#arrivals, shard, from)
  }

  async trim(shard: ShardId, before: Offset): Promise<void> {
    await this.ping()
    await trimPartition(this.#partitions, this.#writer, shard, before)
    await giveBackSpace(this.#database, this.#writer)
  }

  /** Of the file system, and what is free in the file. */
  async headroom(): Promise<Headroom> {
    await this.ping()
    const { free, pageBytes } = this.#database.size()
    const disk = await statfs(this.#database.path)
    return {
      freeBytes: disk.bavail * disk.bsize + free * pageBytes,
      totalBytes: disk.blocks * disk.bsize,
    }
  }

  async join(): Promise<Membership> {
    await this.ping()
    this.#membership = await SqliteMembership.join(this.#database, this.#writer, this.#owner)
    return this.#membership
  }

  async ping(): Promise<void> {
    if (!this.#database.connection.isOpen) throw new LogError('closed', 'The log is closed')
    this.#database.checkFile()
  }

  async close(): Promise<void> {
    if (!this.#database.connection.isOpen) return
    await this.#membership?.leave()
    this.#writer.close()
    this.#arrivals.stop()
    this.#database.connection.close()
    this.#arrivals.wake()
  }
}
