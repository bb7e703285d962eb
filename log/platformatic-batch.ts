import { Buffer } from 'node:buffer'
import type { OutgoingMessage } from '../core/log.ts'
import { type Offset, offset } from '../core/position.ts'
import type { Delivered } from './kafka-client.ts'
import { headerBytes } from './message-bounds.ts'

/** Lengths, deltas and flags that a record adds to its payload and headers, at most. */
const recordOverheadBytes = 128

/** One message on its way to Kafka. */
export class PlatformaticDelivery {
  readonly message: OutgoingMessage
  /** The same object for all messages of one publish. */
  readonly publish: object
  readonly bytes: number
  readonly delivered: Promise<Delivered>
  readonly #resolve: (delivered: Delivered) => void
  /** The batch that it was put into. */
  batch: PlatformaticBatch | undefined
  isSettled = false

  constructor(message: OutgoingMessage, publish: object) {
    this.message = message
    this.publish = publish
    this.bytes = message.bytes.byteLength + headerBytes(message.headers) + recordOverheadBytes
    const { promise, resolve } = Promise.withResolvers<Delivered>()
    this.delivered = promise
    this.#resolve = resolve
  }

  succeed(at: Offset): void {
    this.#settle({ kind: 'written', offset: at })
  }

  fail(reason: unknown): void {
    const outcome = this.batch?.maybeWritten ? 'unknown' : 'none'
    this.#settle({ kind: 'failed', outcome, reason })
  }

  #settle(delivered: Delivered): void {
    this.isSettled = true
    this.#resolve(delivered)
  }
}

/** Names a producer to the brokers, so that they know a batch again when it is sent again. */
export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** Messages of one partition that are sent together, as one record batch. */
export class PlatformaticBatch {
  readonly partition: number
  deliveries: readonly PlatformaticDelivery[]
  /** Once the batch may be written, its messages, producer and sequence stay as they are. */
  stamp: { readonly producer: ProducerIdentity; readonly sequence: number } | undefined
  maybeWritten = false

  constructor(partition: number, deliveries: readonly PlatformaticDelivery[]) {
    this.partition = partition
    this.deliveries = deliveries
    for (const delivery of deliveries) delivery.batch = this
  }

  get bytes(): number {
    return this.deliveries.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** Nobody waits for any of its messages any more. */
  get isOver(): boolean {
    return this.deliveries.every(({ isSettled }) => isSettled)
  }

  succeed(base: Offset): void {
    this.deliveries.forEach((delivery, k) => {
      delivery.succeed(offset(base + k))
    })
  }

  fail(reason: unknown): void {
    for (const delivery of this.deliveries) delivery.fail(reason)
  }
}

/** Header names and values, and payloads, as the client wants them. */
export function toBuffers({ bytes, headers }: OutgoingMessage): {
  value: Buffer
  headers: Map<Buffer, Buffer>
} {
  return {
    value: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    headers: new Map(
      Object.entries(headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]),
    ),
  }
}
