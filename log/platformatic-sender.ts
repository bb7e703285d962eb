import { setImmediate } from 'node:timers'
import { protocolErrorsCodesById } from '@platformatic/kafka'
import { LogError, type OutgoingMessage } from '../core/log.ts'
import type { Offset } from '../core/position.ts'
import { type KafkaCluster, toOffset } from './kafka-cluster.ts'
import { reasonOf, tooLarge } from './kafka-errors.ts'
import type { KafkaCompression } from './kafka-options.ts'
import type { KafkaTopicWatch } from './kafka-topic-watch.ts'
import {
  type PlatformaticBatch,
  PlatformaticDelivery,
  type ProducerIdentity,
} from './platformatic-batch.ts'
import { newProducer, type ProduceAnswer, produce } from './platformatic-produce.ts'
import { PlatformaticQueue } from './platformatic-queue.ts'
import { verdictOn } from './platformatic-verdict.ts'
import { offsetsOf, publishFailure } from './publish-failure.ts'

/** One request to a broker, at most: far below what makes a broker refuse it (100 MB). */
const maxRequestBytes = 8 * 1024 * 1024
/** Messages that wait or are under way, at most: above it the brokers do not keep up. */
const maxWaitingBytes = 64 * 1024 * 1024
const retryDelayMs = 150
/** By how much batches grow again after each that was taken, once a topic has refused larger ones. */
const batchGrowth = 1.125

export interface PlatformaticSenderOptions {
  readonly cluster: KafkaCluster
  readonly watch: KafkaTopicWatch
  readonly partitions: number
  readonly batchBytes: number
  readonly timeoutMs: number
  readonly compression: KafkaCompression
}

/**
 * Appends messages to a topic. Each partition has one batch under way at most, and each broker one
 * request, which carries whatever waits for all of its partitions. A batch is repeated as it was,
 * with its sequence number, until the broker has it once (an idempotent producer) or time is up.
 *
 * The client's own Producer does not serve: it retries without limit of time, sends the batches of
 * several partitions again as a group where their leaders have parted, and does not tell whether a
 * failed send may have been written.
 */
export class PlatformaticSender {
  readonly #options: PlatformaticSenderOptions
  readonly #queues: readonly PlatformaticQueue[]
  /** Publishes that have no answer yet. */
  readonly #publishing = new Set<Promise<unknown>>()
  readonly #busyBrokers = new Set<number>()
  #producer: ProducerIdentity | undefined
  /** The largest batch to make at the moment: a topic may come to take less than when it was opened. */
  #batchBytes: number
  #waitingBytes = 0
  #trouble: unknown
  #scheduled = false
  #pumps = 0
  #closed = false

  constructor(options: PlatformaticSenderOptions) {
    this.#options = options
    this.#batchBytes = options.batchBytes
    this.#queues = Array.from({ length: options.partitions }, (_, n) => new PlatformaticQueue(n))
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<readonly Offset[]> {
    const deliveries = messages.map((message) => new PlatformaticDelivery(message, messages))
    const bytes = deliveries.reduce((sum, delivery) => sum + delivery.bytes, 0)
    const { timeoutMs, watch } = this.#options
    if (this.#closed) throw publishFailure('none', new LogError('closed', 'the log is closed'))
    if (watch.lost) throw publishFailure('none', watch.lost)
    if (this.#waitingBytes + bytes > maxWaitingBytes) {
      throw publishFailure(
        'none',
        new Error(`${this.#waitingBytes} bytes wait for the brokers already`),
      )
    }
    this.#waitingBytes += bytes
    for (const delivery of deliveries) this.#queues[delivery.message.shard]!.add(delivery)
    this.#schedule()
    const timer = setTimeout(() => expire(deliveries, timeoutMs, this.#trouble), timeoutMs)
    const published = Promise.all(deliveries.map(({ delivered }) => delivered))
    this.#publishing.add(published)
    const results = await published
    this.#publishing.delete(published)
    clearTimeout(timer)
    this.#waitingBytes -= bytes
    return offsetsOf(results)
  }

  /** Waits for what is under way, at most as long as a publish may take. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#publishing)
  }

  /** What is published in one turn of the event loop goes together. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#pump()
    })
  }

  #pump(): void {
    const { watch } = this.#options
    const requests = new Map<number, PlatformaticRequest>()
    // Each pump begins elsewhere, so that full requests do not leave out the same partitions.
    const first = this.#pumps++ % this.#queues.length
    for (const queue of [...this.#queues.slice(first), ...this.#queues.slice(0, first)]) {
      if (watch.lost) queue.failAll(watch.lost)
      if (queue.isEmpty || queue.isBusy || queue.isResting) continue
      const leader = watch.leader(queue.partition)
      if (this.#busyBrokers.has(leader)) continue
      const request = requests.get(leader) ?? { batches: [], bytes: 0 }
      if (request.bytes >= maxRequestBytes) continue
      const batch = queue.nextBatch(this.#batchBytes)
      if (!batch) continue
      request.batches.push(batch)
      request.bytes += batch.bytes
      requests.set(leader, request)
    }
    for (const [leader, { batches }] of requests) void this.#send(leader, batches)
  }

  async #send(leader: number, batches: readonly PlatformaticBatch[]): Promise<void> {
    this.#busyBrokers.add(leader)
    for (const batch of batches) this.#queueOf(batch).isBusy = true
    try {
      await this.#deliver(leader, batches)
    } catch (error) {
      for (const batch of batches) if (this.#queueOf(batch).holds(batch)) this.#repeat(batch, error)
    }
    for (const batch of batches) this.#queueOf(batch).isBusy = false
    this.#busyBrokers.delete(leader)
    this.#schedule()
  }

  async #deliver(leader: number, batches: readonly PlatformaticBatch[]): Promise<void> {
    const { cluster, watch, compression } = this.#options
    const connection = await cluster.connection(leader)
    this.#producer ??= await newProducer(connection)
    // Nothing is awaited between this and the request: what has expired is not sent any more.
    const sendable = this.#stamp(batches, this.#producer)
    if (sendable.length === 0) return
    const doubtful = new Set(sendable.filter(({ maybeWritten }) => maybeWritten))
    for (const batch of sendable) batch.maybeWritten = true
    const answer = await produce(connection, watch.topic, sendable, compression)
    if (answer.topicId) watch.observe(answer.topicId)
    for (const batch of sendable) this.#settle(batch, answer, doubtful.has(batch))
  }

  /** Numbers the batches. A request takes those of one producer; the others wait for the next. */
  #stamp(batches: readonly PlatformaticBatch[], producer: ProducerIdentity): PlatformaticBatch[] {
    const stamped: PlatformaticBatch[] = []
    for (const batch of batches) {
      if (batch.isOver) this.#giveUp(batch)
      else if (this.#queueOf(batch).stamp(batch, producer)) stamped.push(batch)
      else this.#producer = undefined
    }
    const [first] = stamped
    return stamped.filter(({ stamp }) => stamp!.producer === first!.stamp!.producer)
  }

  #settle(batch: PlatformaticBatch, answer: ProduceAnswer, wasDoubtful: boolean): void {
    const { watch } = this.#options
    const { code, base } = answer.partitions.get(batch.partition) ?? noAnswer
    const reason = new Error(`the broker answered ${protocolErrorsCodesById[code] ?? code}`)
    // Written, but to which topic is not known.
    const verdict = code === 0 && !answer.topicId ? 'unclear' : verdictOn(code)
    switch (verdict) {
      case 'written':
        if (watch.lost) this.#refuse(batch, watch.lost)
        else this.#succeed(batch, toOffset(base))
        break
      case 'unclear':
        this.#repeat(batch, reason)
        break
      case 'not_now':
        batch.maybeWritten = wasDoubtful
        this.#repeat(batch, reason)
        break
      case 'forgotten':
        this.#producer = undefined
        batch.maybeWritten = wasDoubtful
        if (wasDoubtful) this.#refuse(batch, reason)
        else this.#repeat(batch, reason)
        break
      case 'too_large':
        batch.maybeWritten = wasDoubtful
        if (wasDoubtful || batch.deliveries.length === 1) this.#refuse(batch, tooLarge(batch.bytes))
        else this.#split(batch)
        break
      case 'refused':
        batch.maybeWritten = wasDoubtful
        this.#refuse(batch, reason)
        break
      default:
        verdict satisfies never
    }
  }

  #succeed(batch: PlatformaticBatch, base: Offset): void {
    this.#trouble = undefined
    batch.succeed(base)
    this.#queueOf(batch).finish(true)
    this.#batchBytes = Math.min(this.#options.batchBytes, this.#batchBytes * batchGrowth)
  }

  #split(batch: PlatformaticBatch): void {
    this.#batchBytes = batch.bytes / 2
    this.#queueOf(batch).dissolve()
  }

  #repeat(batch: PlatformaticBatch, reason: unknown): void {
    this.#trouble = reason
    if (batch.isOver) {
      this.#giveUp(batch)
      return
    }
    const queue = this.#queueOf(batch)
    queue.isResting = true
    const again = () => {
      queue.isResting = false
      this.#schedule()
    }
    const rest = () => setTimeout(again, retryDelayMs)
    // The partition may have another leader by now, or the topic be gone.
    this.#options.watch.refresh().then(rest, rest)
  }

  #refuse(batch: PlatformaticBatch, reason: unknown): void {
    this.#queueOf(batch).refuse(batch, reason)
    this.#giveUp(batch)
  }

  #giveUp(batch: PlatformaticBatch): void {
    this.#queueOf(batch).finish(false)
    // The brokers would take other messages under the same numbers for these, and drop them.
    if (batch.maybeWritten) this.#producer = undefined
  }

  #queueOf(batch: PlatformaticBatch): PlatformaticQueue {
    return this.#queues[batch.partition]!
  }
}

interface PlatformaticRequest {
  readonly batches: PlatformaticBatch[]
  bytes: number
}

/** A partition that the broker left out of its answer: unclear, as REQUEST_TIMED_OUT is. */
const noAnswer = { code: 7, base: 0n }

function expire(
  deliveries: readonly PlatformaticDelivery[],
  timeoutMs: number,
  trouble: unknown,
): void {
  const because = trouble === undefined ? '' : `: ${reasonOf(trouble)}`
  const reason = new Error(`Kafka did not confirm it within ${timeoutMs} ms${because}`)
  for (const delivery of deliveries) if (!delivery.isSettled) delivery.fail(reason)
}
