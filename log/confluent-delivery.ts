import type { OutgoingMessage } from '../core/log.ts'
import type { Offset } from '../core/position.ts'
import type { Delivered } from './kafka-client.ts'
import { headerBytes } from './message-bounds.ts'

/** One message on its way to Kafka. */
export class ConfluentDelivery {
  readonly message: OutgoingMessage
  readonly bytes: number
  readonly delivered: Promise<Delivered>
  readonly #resolve: (delivered: Delivered) => void
  readonly #onRelease: (bytes: number) => void
  #isHandedOver = false
  #isSettled = false

  constructor(message: OutgoingMessage, onRelease: (bytes: number) => void) {
    this.message = message
    this.bytes = message.bytes.byteLength + headerBytes(message.headers)
    const { promise, resolve } = Promise.withResolvers<Delivered>()
    this.delivered = promise
    this.#resolve = resolve
    this.#onRelease = onRelease
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  /**
   * The library has it, sends it as often as it takes and tells only of the last attempt: from here
   * on it may be written, whatever the library says, unless it says that it is.
   */
  handOver(): void {
    this.#isHandedOver = true
  }

  succeed(at: Offset): void {
    this.#settle({ kind: 'written', offset: at })
  }

  fail(reason: unknown): void {
    const outcome = this.#isHandedOver ? 'unknown' : 'none'
    this.#settle({ kind: 'failed', outcome, reason })
  }

  /** Its memory is free again: the library is done with it, or never got it. */
  release(): void {
    this.#onRelease(this.bytes)
  }

  #settle(delivered: Delivered): void {
    this.#isSettled = true
    this.#resolve(delivered)
  }
}
