import { Buffer } from 'node:buffer'
import type { DeliveryReport, LibrdKafkaError, Producer } from '@confluentinc/kafka-javascript'
import { confluentConfiguration, connect } from './confluent-configuration.ts'
import type { ConfluentDelivery } from './confluent-delivery.ts'
import type { ConfluentLibrary } from './confluent-library.ts'
import type { KafkaSettings } from './kafka-options.ts'
import { minBatchBytes } from './kafka-topics.ts'

/**
 * Small messages share a batch up to this size, and a larger one goes alone: a topic that takes less
 * than usual refuses nothing but the message that is too large itself. (A batch fails as a whole.)
 */
const batchBytes = 16 * 1024
/** How long messages wait for others to share a batch with. */
const lingerMs = 1
/** Messages that the library holds, at most; by bytes the sender bounds them. */
const queueMessages = 100_000
/** The library's own bound, out of the way of the sender's. */
const queueKibibytes = 256 * 1024
const flushTimeoutMs = 1000
/** The library's code for an error after which a producer does nothing any more. */
const fatalCode = -150

export interface ConfluentProducerOptions {
  readonly library: ConfluentLibrary
  readonly settings: KafkaSettings
  /** What became of a message: an error, or its offset, which is below 0 where it is not known. */
  onReport(delivery: ConfluentDelivery, error: LibrdKafkaError | null, offset: number): void
}

/** The library's idempotent producer, connected when it is needed, and anew after a fatal error. */
export class ConfluentProducer {
  readonly #options: ConfluentProducerOptions
  readonly #topic: string
  /** Messages that the library has taken over and not reported on. */
  readonly #outstanding = new Set<ConfluentDelivery>()
  #producer: Producer | undefined
  #connecting: Promise<void> | undefined
  /** The last thing that went wrong, for people. */
  trouble: unknown

  constructor(options: ConfluentProducerOptions) {
    this.#options = options
    this.#topic = options.settings.topics.writes
  }

  get isReady(): boolean {
    return this.#producer !== undefined
  }

  /** Resolves when it is ready, or when this attempt has failed. */
  connect(): Promise<void> {
    this.#connecting ??= this.#connect()
      .catch((error) => {
        this.trouble = error
      })
      .finally(() => {
        this.#connecting = undefined
      })
    return this.#connecting
  }

  /** Takes a message over. Throws if it does not, and then it never will be written. */
  produce(delivery: ConfluentDelivery): void {
    const { shard, bytes, headers } = delivery.message
    this.#producer!.produce(
      this.#topic,
      shard,
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      null,
      null,
      delivery,
      Object.entries(headers).map(([name, value]) => ({ [name]: Buffer.from(value) })),
    )
    this.#outstanding.add(delivery)
  }

  async close(): Promise<void> {
    await this.#connecting
    const producer = this.#producer
    this.#producer = undefined
    if (producer) await disconnect(producer)
  }

  async #connect(): Promise<void> {
    const { library, settings } = this.#options
    const producer = new library.Producer({
      ...confluentConfiguration(settings),
      'enable.idempotence': true,
      'compression.codec': settings.compression,
      'message.timeout.ms': settings.publishTimeoutMs,
      'message.max.bytes': minBatchBytes,
      'batch.size': batchBytes,
      'linger.ms': lingerMs,
      'queue.buffering.max.messages': queueMessages,
      'queue.buffering.max.kbytes': queueKibibytes,
      dr_cb: true,
    })
    producer.on('delivery-report', (error, report) => this.#report(report, error))
    producer.on('event.error', (error) => {
      this.trouble = error
      if (error.code === fatalCode && this.#producer === producer) this.#replace(producer, error)
    })
    await connect(producer, this.#topic)
    producer.setPollInBackground(true)
    this.#producer = producer
  }

  #report({ opaque, offset }: DeliveryReport, error: LibrdKafkaError | null): void {
    const delivery = opaque as ConfluentDelivery
    if (this.#outstanding.delete(delivery)) this.#options.onReport(delivery, error, offset)
  }

  /** Gives a producer up that will report nothing any more. */
  #replace(producer: Producer, error: LibrdKafkaError): void {
    this.#producer = undefined
    for (const delivery of this.#outstanding) this.#options.onReport(delivery, error, -1)
    this.#outstanding.clear()
    void disconnect(producer)
  }
}

function disconnect(producer: Producer): Promise<void> {
  return new Promise((resolve) => {
    producer.disconnect(flushTimeoutMs, () => resolve())
  })
}
