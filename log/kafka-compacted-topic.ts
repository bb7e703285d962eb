import { Buffer } from 'node:buffer'
import { type KafkaRecord, Producer } from '@platformatic/kafka'
import { LogError } from '../core/log.ts'
import { type Offset, offset } from '../core/position.ts'
import { type KafkaCluster, toOffset } from './kafka-cluster.ts'
import type { KafkaSettings } from './kafka-options.ts'
import { KafkaTopicWatch } from './kafka-topic-watch.ts'
import { PlatformaticFetcher } from './platformatic-fetcher.ts'
import { Wakeup } from './wakeup.ts'

/** How long a follower may take to get to the topic's end. */
const catchUpTimeoutMs = 5000
const takeRecords = 1000
const takeWaitMs = 100
const restartDelayMs = 500

/** Told of a key's value; undefined: it has none any more. */
export type OnEntry = (key: string, value: string | undefined) => void

/** What a topic holds as far as it was read. */
interface Followed {
  readonly topicId: string
  /** The offset behind the last record. */
  readonly next: Offset
  /** When a fetch was asked that found nothing more, on the monotonic clock. */
  readonly asOfMs: number
}

interface Sending {
  readonly done: Promise<ReadonlyMap<string, Offset>>
  readonly entries: Map<string, string | undefined>
}

/** Texts by key in a compacted topic of one partition, which every process follows as a whole. */
export class KafkaCompactedTopic {
  readonly #cluster: KafkaCluster
  readonly #settings: KafkaSettings
  readonly #topic: string
  readonly #producer: Producer
  readonly #entries = new Map<string, string>()
  readonly #listeners = new Set<OnEntry>()
  readonly #moved = new Wakeup()
  #sending: Promise<unknown> = Promise.resolve()
  #waiting: Sending | undefined
  #following: Promise<void> | undefined
  #watch: KafkaTopicWatch | undefined
  #followed: Followed | undefined
  #closed = false

  constructor(cluster: KafkaCluster, settings: KafkaSettings, topic: string) {
    this.#cluster = cluster
    this.#settings = settings
    this.#topic = topic
    this.#producer = new Producer({ ...settings.client })
  }

  /** What stands there, as far as it was read. */
  get entries(): ReadonlyMap<string, string> {
    return this.#entries
  }

  /** The offset behind the last record that was read. */
  get next(): Offset {
    return this.#followed?.next ?? offset(0)
  }

  /** How old what was read may be; Infinity before all was read once. */
  get ageMs(): number {
    return this.#followed ? performance.now() - this.#followed.asOfMs : Infinity
  }

  /**
   * Resolves with the offset behind it once it is durable; undefined removes the key. Of several
   * values for a key that wait for the broker, only the last is sent. Rejects with a `LogError`,
   * after which it may be there all the same.
   */
  async put(key: string, value: string | undefined): Promise<Offset> {
    this.#waiting ??= this.#sendLater()
    const { entries, done } = this.#waiting
    entries.set(key, value)
    return (await done).get(key)!
  }

  /** Begins to read, if it has not. The listener hears what stands there at once, then every change. */
  follow(listener?: OnEntry): void {
    if (listener) {
      this.#listeners.add(listener)
      for (const [key, value] of this.#entries) listener(key, value)
    }
    this.#following ??= this.#follow()
  }

  unfollow(listener: OnEntry): void {
    this.#listeners.delete(listener)
  }

  /** Resolves once all was read that stood there at the call. Rejects with a `LogError`. */
  async catchUp(): Promise<void> {
    const deadlineMs = performance.now() + catchUpTimeoutMs
    const view = await this.#cluster.topic(this.#topic)
    // A topic that was made anew begins at 0 again: what was read of the old one does not count.
    if (view) this.#watch?.observe(view.id)
    const { next } = await this.#cluster.bounds(this.#topic, 0)
    const isThere = ({ topicId, next: read }: Followed) => topicId === view?.id && read >= next
    await this.#until(deadlineMs, isThere)
  }

  /** Resolves once what was read is at most so old. Rejects with a `LogError`. */
  freshen(maxAgeMs: number): Promise<void> {
    const deadlineMs = performance.now() + catchUpTimeoutMs
    return this.#until(deadlineMs, ({ asOfMs }) => performance.now() - asOfMs < maxAgeMs)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#moved.wake()
    await this.#sending.catch(() => undefined)
    await this.#producer.close()
    await this.#following
  }

  async #until(deadlineMs: number, holds: (followed: Followed) => boolean): Promise<void> {
    while (!this.#followed || !holds(this.#followed)) {
      if (this.#closed) throw new LogError('closed', 'The log is closed')
      if (performance.now() > deadlineMs) {
        const what = `${this.#topic} was not read to its end within ${catchUpTimeoutMs} ms`
        throw this.#cluster.unreachable(new Error(what))
      }
      await this.#moved.wait(takeWaitMs)
    }
  }

  #sendLater(): Sending {
    const entries = new Map<string, string | undefined>()
    const done = this.#sending
      .catch(() => undefined)
      .then(() => {
        this.#waiting = undefined
        return this.#send(entries)
      })
    this.#sending = done
    return { entries, done }
  }

  async #send(
    entries: ReadonlyMap<string, string | undefined>,
  ): Promise<ReadonlyMap<string, Offset>> {
    const messages = Array.from(entries, ([key, value]) => ({
      topic: this.#topic,
      partition: 0,
      key: Buffer.from(key),
      ...(value !== undefined && { value: Buffer.from(value) }),
    }))
    try {
      const { offsets } = await this.#producer.send({ messages, acks: -1 })
      const first = toOffset(offsets![0]!.offset)
      return new Map(Array.from(entries.keys(), (key, i) => [key, offset(first + i + 1)]))
    } catch (error) {
      throw this.#cluster.unreachable(error)
    }
  }

  /** Follows the topic, and begins again where it was made anew or the brokers were away. */
  async #follow(): Promise<void> {
    while (!this.#closed) {
      await this.#followOnce().catch(() => undefined)
      if (!this.#closed) await this.#moved.wait(restartDelayMs)
    }
  }

  async #followOnce(): Promise<void> {
    const { client, group } = this.#settings
    const view = await this.#cluster.topic(this.#topic)
    if (!view) return
    const { earliest } = await this.#cluster.bounds(this.#topic, 0)
    const watch = new KafkaTopicWatch(this.#cluster, this.#topic, view)
    const fetcher = new PlatformaticFetcher({ client, group, watch, partition: 0 }, earliest)
    this.#watch = watch
    try {
      await this.#read(fetcher, view.id)
    } finally {
      this.#watch = undefined
      watch.close()
      await fetcher.close()
    }
  }

  /** Reads from the start. What was known counts until all is read: older values come first. */
  async #read(fetcher: PlatformaticFetcher, topicId: string): Promise<void> {
    let whole: Map<string, string> | undefined = new Map()
    while (!this.#closed) {
      for (const { record } of await fetcher.take(takeRecords, takeWaitMs)) {
        const { key, value } = textsOf(record)
        if (!whole) this.#set(key, value)
        else if (value === undefined) whole.delete(key)
        else whole.set(key, value)
      }
      const { caughtUp } = fetcher
      if (!caughtUp) continue
      if (whole) this.#replace(whole)
      whole = undefined
      this.#followed = { topicId, ...caughtUp }
      this.#moved.wake()
    }
  }

  #replace(whole: ReadonlyMap<string, string>): void {
    for (const key of [...this.#entries.keys()]) if (!whole.has(key)) this.#set(key, undefined)
    for (const [key, value] of whole) this.#set(key, value)
  }

  #set(key: string, value: string | undefined): void {
    if (this.#entries.get(key) === value) return
    if (value === undefined) this.#entries.delete(key)
    else this.#entries.set(key, value)
    for (const listener of this.#listeners) listener(key, value)
  }
}

function textsOf({ key, value }: KafkaRecord): { key: string; value: string | undefined } {
  return { key: key?.toString() ?? '', value: value?.toString() }
}
