import { Buffer } from 'node:buffer'
import type { Message } from '@confluentinc/kafka-javascript'
import type { LogError, LogMessage } from '../core/log.ts'
import { type Offset, offset } from '../core/position.ts'
import { Wakeup } from './wakeup.ts'

/** Nothing more is read while this much waits to be taken, until only the rest is left. */
const fullBytes = 2 * 1024 * 1024
const lowBytes = 512 * 1024
const fullMessages = 10_000

/** The messages of one partition that were read and wait to be taken, in order. */
export class ConfluentStream {
  readonly partition: number
  readonly #arrived = new Wakeup()
  #messages: LogMessage[] = []
  #bytes = 0
  #next: Offset
  #failure: LogError | undefined
  /** Why nothing came, as of the last look at the partition's leader. */
  trouble: LogError | undefined
  /** When something was last known of this partition, on the monotonic clock. */
  heardMs = performance.now()
  isPaused = false
  /** Its messages do not come any more: it must be assigned anew. */
  isStuck = false

  constructor(partition: number, from: Offset) {
    this.partition = partition
    this.#next = from
  }

  /** The offset of the next message to come. */
  get next(): Offset {
    return this.#next
  }

  get isFull(): boolean {
    return this.#bytes >= fullBytes || this.#messages.length >= fullMessages
  }

  get isLow(): boolean {
    return this.#bytes <= lowBytes && this.#messages.length <= fullMessages / 2
  }

  keep(message: Message): void {
    // Read again after a pause.
    if (message.offset < this.#next) return
    const kept = toLogMessage(message)
    this.#messages.push(kept)
    this.#bytes += kept.bytes.byteLength
    this.#next = offset(message.offset + 1)
    this.heardMs = performance.now()
    this.trouble = undefined
    this.#arrived.wake()
  }

  fail(failure: LogError): void {
    this.#failure ??= failure
    this.#arrived.wake()
  }

  /** Waits up to `waitMs` for the first message. Rejects with a `LogError`. */
  async take(
    maxMessages: number,
    waitMs: number,
    trouble: () => LogError | undefined,
  ): Promise<readonly LogMessage[]> {
    if (this.#messages.length === 0 && !this.#failure) await this.#arrived.wait(waitMs)
    if (this.#failure) throw this.#failure
    const taken = this.#messages.splice(0, maxMessages)
    for (const { bytes } of taken) this.#bytes -= bytes.byteLength
    if (taken.length === 0) {
      const failing = trouble() ?? this.trouble
      if (failing) throw failing
    }
    return taken
  }
}

function toLogMessage({ offset: at, value, headers: given }: Message): LogMessage {
  const headers: Record<string, string> = {}
  for (const header of given ?? []) {
    for (const name in header) headers[name] = String(header[name] ?? '')
  }
  // A record without a value was not written here: its empty bytes are no message, and are kept so.
  const { buffer, byteOffset, byteLength } = value ?? Buffer.alloc(0)
  return { offset: offset(at), headers, bytes: new Uint8Array(buffer, byteOffset, byteLength) }
}
