import type { LibrdKafkaError, Message, TopicPartitionOffset } from '@confluentinc/kafka-javascript'
import { type LogBounds, LogError, type LogMessage, type PartitionReader } from '../core/log.ts'
import { type Offset, shardId } from '../core/position.ts'
import { confluentConfiguration, connect } from './confluent-configuration.ts'
import type { ConfluentKafkaConsumer, ConfluentLibrary } from './confluent-library.ts'
import { ConfluentStream } from './confluent-stream.ts'
import { checkHeld } from './held-offset.ts'
import type { KafkaClientParts } from './kafka-client.ts'

/** Messages taken from the library at once. */
const consumeMessages = 100
/** How long a call waits for a message; it holds one of Node's few worker threads meanwhile. */
const consumeWaitMs = 100
/**
 * How long a broker holds a fetch that finds nothing. A partition that is resumed waits for the fetch
 * of the others to come back: with the usual half second a busy one would stand still that long.
 */
const fetchWaitMs = 100
/** One fetch brings about this much of a partition; a batch always comes whole. */
const fetchBytes = 2 * 1024 * 1024
/** What the library reads ahead, of all partitions together, in kibibytes and messages. */
const readAheadKibibytes = 4 * 1024
const readAheadMessages = 10_000
/** How long the library reads nothing on once it has read ahead that much; a second by default. */
const fullWaitMs = 10
/** A partition from which nothing came for so long is asked for its bounds. */
const silenceMs = 2000
/** Before the next attempt, where a call failed at once. */
const retryDelayMs = 200
/** The library's code for an offset that the broker does not hold. */
const outOfRangeCode = -140

/**
 * Reads partitions ahead, each from an offset of its own, by one client that is no member of any
 * group. Where a partition's messages are not taken, it alone is paused.
 *
 * The library tells of an offset that is not held once, without saying of which partition, and not
 * at all when the same call brings messages; of a topic that is gone it says nothing. So partitions
 * that are silent are looked after.
 */
export class ConfluentConsumer {
  readonly #parts: KafkaClientParts
  readonly #library: ConfluentLibrary
  readonly #streams = new Map<number, ConfluentStream>()
  /**
   * What the library reads, by partition: brought up to date between two calls, since one under way may
   * still bring what was read for a former reader.
   */
  readonly #assigned = new Map<number, ConfluentStream>()
  #consumer: ConfluentKafkaConsumer | undefined
  #running: Promise<void> | undefined
  #looking: Promise<void> | undefined
  #lookedMs = performance.now()
  #closed = false

  constructor(library: ConfluentLibrary, parts: KafkaClientParts) {
    this.#library = library
    this.#parts = parts
  }

  reads(partition: number): boolean {
    return this.#streams.has(partition)
  }

  /** Reads a partition that it does not read yet. */
  open(partition: number, from: Offset): PartitionReader {
    const stream = new ConfluentStream(partition, from)
    this.#streams.set(partition, stream)
    this.#running ??= this.#run()
    return {
      pull: (maxMessages, waitMs) => this.#pull(stream, maxMessages, waitMs),
      close: async () => this.#end(stream),
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const stream of this.#streams.values()) this.#end(stream)
    await Promise.all([this.#running, this.#looking])
  }

  async #pull(
    stream: ConfluentStream,
    maxMessages: number,
    waitMs: number,
  ): Promise<readonly LogMessage[]> {
    const { watch } = this.#parts
    const messages = await stream.take(maxMessages, waitMs, () => watch.trouble)
    if (stream.isPaused && stream.isLow) this.#resume(stream)
    return messages
  }

  #end(stream: ConfluentStream): void {
    stream.fail(new LogError('closed', `The reader of partition ${stream.partition} is closed`))
    if (this.#streams.get(stream.partition) === stream) this.#streams.delete(stream.partition)
  }

  /** Has the library read what is open, and nothing else. What it refuses is tried again. */
  #assign(consumer: ConfluentKafkaConsumer): void {
    for (const [partition, stream] of this.#assigned) {
      if (this.#streams.get(partition) === stream && !stream.isStuck) continue
      this.#assigned.delete(partition)
      this.#act(() => consumer.incrementalUnassign([this.#at(stream)]))
    }
    for (const [partition, stream] of this.#streams) {
      if (this.#assigned.has(partition)) continue
      this.#act(() => {
        consumer.incrementalAssign([this.#at(stream)])
        this.#assigned.set(partition, stream)
        stream.isStuck = false
        // The library keeps in mind that a partition was paused, also by a former reader.
        consumer.resume([this.#at(stream)])
      })
      // Refused, it may be assigned still: the next try succeeds then.
      if (!this.#assigned.has(partition)) {
        this.#act(() => consumer.incrementalUnassign([this.#at(stream)]))
      }
    }
  }

  async #run(): Promise<void> {
    while (!this.#closed && !this.#consumer) {
      await this.#connect().catch(() => pause())
    }
    const consumer = this.#consumer
    while (consumer && !this.#closed) {
      this.#assign(consumer)
      try {
        const messages = await consume(consumer)
        if (messages.length > 0 && (await this.#isOurs(messages))) this.#keep(consumer, messages)
        this.#lookAfter(silenceMs)
      } catch (error) {
        if ((error as LibrdKafkaError).code === outOfRangeCode) this.#lookAfter(0)
        else await pause()
      }
    }
    // While a call is under way it would be an error.
    if (consumer) await new Promise<void>((resolve) => consumer.disconnect(() => resolve()))
  }

  async #connect(): Promise<void> {
    const { settings } = this.#parts
    const consumer = new this.#library.KafkaConsumer(
      {
        ...confluentConfiguration(settings),
        'group.id': settings.group,
        'enable.auto.commit': false,
        'enable.auto.offset.store': false,
        'fetch.wait.max.ms': fetchWaitMs,
        'max.partition.fetch.bytes': fetchBytes,
        'queued.max.messages.kbytes': readAheadKibibytes,
        'queued.min.messages': readAheadMessages,
        'fetch.queue.backoff.ms': fullWaitMs,
      },
      { 'auto.offset.reset': 'error' },
    )
    consumer.setDefaultConsumeTimeout(consumeWaitMs)
    consumer.setDefaultIsTimeoutOnlyForFirstMessage(true)
    await connect(consumer, settings.topics.writes)
    this.#consumer = consumer
  }

  #act(act: () => void): void {
    try {
      act()
    } catch {
      // The library refuses what is so already, or is not its own; the next call finds out.
    }
  }

  /**
   * Whether messages are of the topic that was opened: the library asks for them by name, and one that
   * was made anew may have grown past where the old one was read. The leaders are asked after they gave
   * the messages: they know of another topic before they have any of its messages.
   */
  async #isOurs(messages: readonly Message[]): Promise<boolean> {
    const { watch } = this.#parts
    const partitions = new Set(messages.map(({ partition }) => partition))
    while (!this.#closed && !watch.lost) {
      try {
        await watch.confirm(partitions)
        return true
      } catch {
        await pause()
      }
    }
    return false
  }

  #keep(consumer: ConfluentKafkaConsumer, messages: readonly Message[]): void {
    for (const message of messages) {
      const stream = this.#assigned.get(message.partition)
      if (!stream || this.#streams.get(message.partition) !== stream) continue
      stream.keep(message)
      if (!stream.isFull || stream.isPaused) continue
      stream.isPaused = true
      this.#act(() => consumer.pause([this.#at(stream)]))
    }
  }

  #resume(stream: ConfluentStream): void {
    stream.isPaused = false
    stream.heardMs = performance.now()
    // At once: where all are paused, a call under way waits for nothing.
    const consumer = this.#consumer
    if (consumer) this.#act(() => consumer.resume([this.#at(stream)]))
  }

  #lookAfter(silentForMs: number): void {
    const { watch } = this.#parts
    if (watch.lost) for (const stream of this.#streams.values()) stream.fail(watch.lost)
    const nowMs = performance.now()
    if (this.#looking || nowMs - this.#lookedMs < silentForMs) return
    this.#lookedMs = nowMs
    const silent = [...this.#streams.values()].filter(
      ({ isPaused, heardMs }) => !isPaused && nowMs - heardMs >= silentForMs,
    )
    const byLeader = Map.groupBy(silent, ({ partition }) => watch.leader(partition))
    const looks = Array.from(byLeader, ([leader, streams]) => this.#look(leader, streams))
    this.#looking = Promise.all(looks).then(() => {
      this.#looking = undefined
    })
  }

  /** Compares how far silent partitions were read with what their leader holds. */
  async #look(leader: number, streams: readonly ConfluentStream[]): Promise<void> {
    const { cluster, watch } = this.#parts
    const wanted = new Map(streams.map((stream) => [stream, stream.next]))
    try {
      const partitions = streams.map(({ partition }) => partition)
      const bounds = await cluster.boundsAt(leader, watch.topic, partitions)
      // Asked by name: the answer counts only if the name still means the same topic.
      await watch.refresh()
      for (const [stream, next] of wanted) {
        if (watch.lost) stream.fail(watch.lost)
        else if (stream.next === next) this.#judge(stream, bounds.get(stream.partition)!)
      }
    } catch (error) {
      for (const stream of streams) stream.trouble = error as LogError
    }
  }

  #judge(stream: ConfluentStream, bounds: LogBounds): void {
    stream.trouble = undefined
    stream.heardMs = performance.now()
    try {
      checkHeld(shardId(stream.partition), stream.next, bounds)
    } catch (error) {
      stream.fail(error as LogError)
      return
    }
    if (stream.next === bounds.next) return
    // There are messages, and they do not come: the library has given the partition up.
    stream.isStuck = true
  }

  #at({ partition, next }: ConfluentStream): TopicPartitionOffset {
    return { topic: this.#parts.watch.topic, partition, offset: next }
  }
}

function consume(consumer: ConfluentKafkaConsumer): Promise<readonly Message[]> {
  return new Promise((resolve, reject) => {
    consumer.consume(consumeMessages, (error, messages) =>
      error ? reject(error) : resolve(messages),
    )
  })
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, retryDelayMs))
}
