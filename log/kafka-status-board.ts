import { Buffer } from 'node:buffer'
import { type KafkaRecord, Producer } from '@platformatic/kafka'
import { LogError, type StatusBoard } from '../core/log.ts'
import { type ShardId, shardId } from '../core/position.ts'
import type { KafkaCluster } from './kafka-cluster.ts'
import type { KafkaSettings } from './kafka-options.ts'
import { KafkaTopicWatch } from './kafka-topic-watch.ts'
import { PlatformaticFetcher } from './platformatic-fetcher.ts'

/** How old what `read` returns may be. */
const maxAgeMs = 1000
/** How long `read` waits for the board to catch up with the topic. */
const catchUpTimeoutMs = 5000
const takeRecords = 1000
const takeWaitMs = 100
const restartDelayMs = 500

/** Each shard's last status, in a compacted topic of one partition that all processes follow. */
export class KafkaStatusBoard implements StatusBoard {
  readonly #cluster: KafkaCluster
  readonly #settings: KafkaSettings
  readonly #producer: Producer
  readonly #values = new Map<ShardId, string>()
  #waiting = new Map<ShardId, string>()
  #sending: Promise<void> = Promise.resolve()
  #following: Promise<void> | undefined
  #fetcher: PlatformaticFetcher | undefined
  #closed = false

  constructor(cluster: KafkaCluster, settings: KafkaSettings) {
    this.#cluster = cluster
    this.#settings = settings
    this.#producer = new Producer({ ...settings.client })
  }

  /** Of several values for a shard that wait for the broker, only the last is sent. */
  put(shard: ShardId, value: string): Promise<void> {
    this.#waiting.set(shard, value)
    const sent = this.#sending.catch(() => undefined).then(() => this.#send())
    this.#sending = sent
    return sent
  }

  async read(): Promise<ReadonlyMap<ShardId, string>> {
    this.#following ??= this.#follow()
    const deadlineMs = performance.now() + catchUpTimeoutMs
    while (!this.#isFresh()) {
      if (this.#closed) throw new LogError('closed', 'The log is closed')
      if (performance.now() > deadlineMs) {
        throw this.#cluster.unreachable(new Error(`no status within ${catchUpTimeoutMs} ms`))
      }
      await new Promise((resolve) => setTimeout(resolve, takeWaitMs))
    }
    return new Map(this.#values)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#sending.catch(() => undefined)
    await this.#producer.close()
    await this.#following
  }

  async #send(): Promise<void> {
    const waiting = this.#waiting
    if (waiting.size === 0) return
    this.#waiting = new Map()
    const messages = Array.from(waiting, ([shard, value]) => ({
      topic: this.#settings.topics.status,
      partition: 0,
      key: Buffer.from(String(shard)),
      value: Buffer.from(value),
    }))
    try {
      await this.#producer.send({ messages, acks: -1 })
    } catch (error) {
      throw this.#cluster.unreachable(error)
    }
  }

  #isFresh(): boolean {
    const caughtUpMs = this.#fetcher?.caughtUpMs
    return caughtUpMs !== undefined && performance.now() - caughtUpMs < maxAgeMs
  }

  /** Follows the topic, and begins again where it was made anew or the brokers were away. */
  async #follow(): Promise<void> {
    while (!this.#closed) {
      await this.#followOnce().catch(() => undefined)
      if (!this.#closed) await new Promise((resolve) => setTimeout(resolve, restartDelayMs))
    }
  }

  async #followOnce(): Promise<void> {
    const { client, group, topics } = this.#settings
    const view = await this.#cluster.topic(topics.status)
    if (!view) return
    const { earliest } = await this.#cluster.bounds(topics.status, 0)
    const watch = new KafkaTopicWatch(this.#cluster, topics.status, view)
    const fetcher = new PlatformaticFetcher({ client, group, watch, partition: 0 }, earliest)
    this.#fetcher = fetcher
    try {
      while (!this.#closed) {
        for (const { record } of await fetcher.take(takeRecords, takeWaitMs)) this.#note(record)
      }
    } finally {
      this.#fetcher = undefined
      watch.close()
      await fetcher.close()
    }
  }

  #note({ key, value }: KafkaRecord): void {
    if (!key || !value) return
    this.#values.set(shardId(Number(key.toString())), value.toString())
  }
}
