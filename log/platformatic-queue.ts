import {
  PlatformaticBatch,
  type PlatformaticDelivery,
  type ProducerIdentity,
} from './platformatic-batch.ts'

/** Sequence numbers are 32-bit; a producer id that would run out is given up before. */
const maxSequence = 2 ** 31 - 1

/** The messages that wait for one partition, and the one batch of them that is on its way. */
export class PlatformaticQueue {
  readonly partition: number
  readonly #waiting: PlatformaticDelivery[] = []
  #batch: PlatformaticBatch | undefined
  #producer: ProducerIdentity | undefined
  #nextSequence = 0
  /** Its batch is part of a request. */
  isBusy = false
  /** Its batch waits for the next attempt. */
  isResting = false

  constructor(partition: number) {
    this.partition = partition
  }

  get isEmpty(): boolean {
    return !this.#batch && this.#waiting.length === 0
  }

  holds(batch: PlatformaticBatch): boolean {
    return this.#batch === batch
  }

  add(delivery: PlatformaticDelivery): void {
    this.#waiting.push(delivery)
  }

  /** The batch to send next: the one to repeat, or a new one of what waits. */
  nextBatch(maxBytes: number): PlatformaticBatch | undefined {
    if (this.#batch) return this.#batch
    let bytes = 0
    let count = 0
    for (const delivery of this.#waiting) {
      if (count > 0 && bytes + delivery.bytes > maxBytes) break
      bytes += delivery.bytes
      count++
    }
    const taken = this.#waiting.splice(0, count).filter(({ isSettled }) => !isSettled)
    if (taken.length > 0) this.#batch = new PlatformaticBatch(this.partition, taken)
    else if (this.#waiting.length > 0) return this.nextBatch(maxBytes)
    return this.#batch
  }

  /**
   * Numbers the batch for sending, without the messages that nobody waits for any more. False if
   * none is left, or if the producer has no numbers left. One that may be written stays as it is.
   */
  stamp(batch: PlatformaticBatch, producer: ProducerIdentity): boolean {
    if (batch.maybeWritten) return true
    batch.deliveries = batch.deliveries.filter(({ isSettled }) => !isSettled)
    if (this.#producer !== producer) {
      this.#producer = producer
      this.#nextSequence = 0
    }
    batch.stamp = { producer, sequence: this.#nextSequence }
    return this.#nextSequence + batch.deliveries.length <= maxSequence
  }

  /** The batch is settled. Its numbers are used up only if it was written. */
  finish(written: boolean): void {
    if (written) this.#nextSequence = this.#batch!.stamp!.sequence + this.#batch!.deliveries.length
    this.#batch = undefined
  }

  /** Dissolves the batch, which is not written: its messages stand first in line again. */
  dissolve(): void {
    this.#waiting.unshift(...(this.#batch?.deliveries ?? []))
    this.#batch = undefined
  }

  /**
   * Fails a batch that is refused, and what waits of the same publishes: it must not be in the log
   * without what comes before it. Whoever sends it all again would have it applied first.
   */
  refuse(batch: PlatformaticBatch, reason: unknown): void {
    batch.fail(reason)
    const publishes = new Set(batch.deliveries.map(({ publish }) => publish))
    for (const delivery of this.#waiting) if (publishes.has(delivery.publish)) delivery.fail(reason)
  }

  /** Fails what waits and, unless it is under way, the batch. */
  failAll(reason: unknown): void {
    for (const delivery of this.#waiting.splice(0)) delivery.fail(reason)
    if (this.isBusy) return
    this.#batch?.fail(reason)
    this.#batch = undefined
  }
}
