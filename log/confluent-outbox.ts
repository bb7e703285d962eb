import type { LibrdKafkaError } from '@confluentinc/kafka-javascript'
import type { ConfluentDelivery } from './confluent-delivery.ts'
import type { ConfluentProducer } from './confluent-producer.ts'
import type { KafkaTopicWatch } from './kafka-topic-watch.ts'

const retryDelayMs = 100
/** The library's code for a queue that holds as much as it may. */
const queueFullCode = -184

/**
 * Messages that wait, in order, until the library can send them. While no broker answers they stay
 * here: of those it can be said that they are not written.
 */
export class ConfluentOutbox {
  readonly #watch: KafkaTopicWatch
  readonly #producer: ConfluentProducer
  #held: ConfluentDelivery[] = []
  #isRunning = false
  /** Why messages are held, for people. */
  trouble: unknown

  constructor(watch: KafkaTopicWatch, producer: ConfluentProducer) {
    this.#watch = watch
    this.#producer = producer
  }

  add(deliveries: readonly ConfluentDelivery[]): void {
    this.#held.push(...deliveries)
    void this.#run()
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    while (!this.#handOver()) {
      if (!this.#producer.isReady) await this.#producer.connect()
      if (!this.#canSend()) await new Promise((resolve) => setTimeout(resolve, retryDelayMs))
    }
    this.#isRunning = false
  }

  #canSend(): boolean {
    this.trouble = this.#watch.trouble
    return !this.trouble && this.#producer.isReady
  }

  /** Hands over what is held, in order; false if it must wait. */
  #handOver(): boolean {
    let count = 0
    for (const delivery of this.#held) {
      if (this.#watch.lost) delivery.fail(this.#watch.lost)
      if (!delivery.isSettled && !(this.#canSend() && this.#produce(delivery))) break
      // It was not handed over: nobody waits for it any more.
      if (delivery.isSettled) delivery.release()
      count++
    }
    this.#held = this.#held.slice(count)
    return this.#held.length === 0
  }

  /** False if the library has no room at the moment. */
  #produce(delivery: ConfluentDelivery): boolean {
    try {
      this.#producer.produce(delivery)
      delivery.handOver()
    } catch (error) {
      if ((error as LibrdKafkaError).code === queueFullCode) return false
      delivery.fail(error)
    }
    return true
  }
}
