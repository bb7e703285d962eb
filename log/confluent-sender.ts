import type { LibrdKafkaError } from '@confluentinc/kafka-javascript'
import { LogError, type OutgoingMessage } from '../core/log.ts'
import { type Offset, offset } from '../core/position.ts'
import { ConfluentDelivery } from './confluent-delivery.ts'
import type { ConfluentLibrary } from './confluent-library.ts'
import { ConfluentOutbox } from './confluent-outbox.ts'
import { ConfluentProducer } from './confluent-producer.ts'
import type { KafkaClientParts } from './kafka-client.ts'
import { reasonOf, tooLarge } from './kafka-errors.ts'
import type { KafkaTopicWatch } from './kafka-topic-watch.ts'
import { offsetsOf, publishFailure } from './publish-failure.ts'

/** Messages that wait or are under way, at most: above it the brokers do not keep up. */
const maxWaitingBytes = 64 * 1024 * 1024
const retryDelayMs = 100
/** Kafka's code for a batch above the topic's limit. */
const tooLargeCode = 10

/**
 * Appends messages to a topic through the library's idempotent producer, which batches, orders and
 * repeats them. What is left to do here is to say what became of each:
 * - The library does not tell whether a message that failed had been sent before. So what it has
 *   taken over and fails is unknown, always; what `ConfluentOutbox` still holds is not written.
 * - It knows topics by name, and writes to a new one of the same name silently. So a message counts
 *   as written once its partition's leader says, after it was, that the topic is still the same.
 *
 * Of one publish a later message may be written where an earlier one is refused, for the library has
 * both by then; its `enable.gapless.guarantee` would fail all other publishes with it.
 */
export class ConfluentSender {
  readonly #watch: KafkaTopicWatch
  readonly #producer: ConfluentProducer
  readonly #outbox: ConfluentOutbox
  readonly #timeoutMs: number
  /** Publishes that have no answer yet. */
  readonly #publishing = new Set<Promise<unknown>>()
  /** Messages that a topic of this name took, to be confirmed. */
  #taken: Taken[] = []
  #isConfirming = false
  #waitingBytes = 0
  #trouble: unknown
  #closed = false

  constructor(library: ConfluentLibrary, { settings, watch }: KafkaClientParts) {
    this.#watch = watch
    this.#timeoutMs = settings.publishTimeoutMs
    const onReport = this.#onReport.bind(this)
    this.#producer = new ConfluentProducer({ library, settings, onReport })
    this.#outbox = new ConfluentOutbox(watch, this.#producer)
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<readonly Offset[]> {
    const onRelease = (bytes: number) => {
      this.#waitingBytes -= bytes
    }
    const deliveries = messages.map((message) => new ConfluentDelivery(message, onRelease))
    const bytes = deliveries.reduce((sum, delivery) => sum + delivery.bytes, 0)
    if (this.#closed) throw publishFailure('none', new LogError('closed', 'the log is closed'))
    if (this.#watch.lost) throw publishFailure('none', this.#watch.lost)
    if (this.#waitingBytes + bytes > maxWaitingBytes) {
      const full = new Error(`${this.#waitingBytes} bytes wait for the brokers already`)
      throw publishFailure('none', full)
    }
    this.#waitingBytes += bytes
    this.#outbox.add(deliveries)
    const timer = setTimeout(() => this.#expire(deliveries), this.#timeoutMs)
    const published = Promise.all(deliveries.map(({ delivered }) => delivered))
    this.#publishing.add(published)
    const results = await published
    this.#publishing.delete(published)
    clearTimeout(timer)
    return offsetsOf(results)
  }

  /** Waits for what is under way, at most as long as a publish may take. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#publishing)
    await this.#producer.close()
  }

  #onReport(delivery: ConfluentDelivery, error: LibrdKafkaError | null, at: number): void {
    delivery.release()
    if (error) {
      this.#trouble = error
      delivery.fail(reasonFor(error, delivery))
    } else if (at < 0) {
      // An earlier attempt was written, so long ago that the broker forgot where.
      delivery.fail(new Error('the broker has it already, and does not say where'))
    } else {
      this.#taken.push({ delivery, at: offset(at) })
      void this.#confirm()
    }
  }

  /** One question at a time confirms all that was taken before it was asked. */
  async #confirm(): Promise<void> {
    if (this.#isConfirming) return
    this.#isConfirming = true
    for (;;) {
      const taken = this.#taken.filter(({ delivery }) => !delivery.isSettled)
      this.#taken = []
      if (taken.length === 0) break
      try {
        await this.#watch.confirm(taken.map(({ delivery }) => delivery.message.shard))
        this.#trouble = undefined
        for (const { delivery, at } of taken) delivery.succeed(at)
      } catch (error) {
        this.#trouble = error
        if (this.#watch.lost) for (const { delivery } of taken) delivery.fail(this.#watch.lost)
        else this.#taken.unshift(...taken)
        await new Promise((resolve) => setTimeout(resolve, retryDelayMs))
      }
    }
    this.#isConfirming = false
  }

  #expire(deliveries: readonly ConfluentDelivery[]): void {
    const trouble = this.#outbox.trouble ?? this.#trouble ?? this.#producer.trouble
    const because = trouble === undefined ? '' : `: ${reasonOf(trouble)}`
    const reason = new Error(`Kafka did not confirm it within ${this.#timeoutMs} ms${because}`)
    for (const delivery of deliveries) if (!delivery.isSettled) delivery.fail(reason)
  }
}

function reasonFor({ code, message }: LibrdKafkaError, { bytes }: ConfluentDelivery): Error {
  return code === tooLargeCode ? tooLarge(bytes) : new Error(`the broker answered ${message}`)
}

interface Taken {
  readonly delivery: ConfluentDelivery
  readonly at: Offset
}
