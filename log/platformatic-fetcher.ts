import {
  type BaseOptions,
  Consumer,
  type KafkaRecord,
  type RecordsBatch,
} from '@platformatic/kafka'
import { LogError } from '../core/log.ts'
import { type Offset, offset } from '../core/position.ts'
import { toOffset } from './kafka-cluster.ts'
import { isAnswer } from './kafka-errors.ts'
import type { KafkaTopicWatch } from './kafka-topic-watch.ts'
import { Wakeup } from './wakeup.ts'

/** One fetch brings about this much; a batch always comes whole. */
const fetchBytes = 2 * 1024 * 1024
/** Nothing more is fetched while this much waits to be taken. */
const bufferBytes = 2 * 1024 * 1024
const bufferRecords = 10_000
/** How long a broker holds a fetch that finds nothing; also how soon a deleted topic is noticed. */
const fetchWaitMs = 500
/** Without an answer for so long, a partition counts as unreachable. */
const silenceMs = 3000
const retryDelayMs = 200
/** The attribute that marks the batches in which Kafka keeps its own notes. */
const controlBatch = 0x20

export interface FetchedRecord {
  readonly offset: Offset
  readonly record: KafkaRecord
}

/**
 * Reads one partition ahead, in order. It has a client of its own: fetches of several partitions on
 * one client would need one common session, where the slowest reader holds up the others.
 */
export class PlatformaticFetcher {
  readonly #client: Consumer
  readonly #watch: KafkaTopicWatch
  readonly #partition: number
  readonly #arrived = new Wakeup()
  readonly #room = new Wakeup()
  readonly #running: Promise<void>
  #buffer: FetchedRecord[] = []
  #bufferedBytes = 0
  #next: Offset
  #end: Offset | undefined
  #answeredMs = performance.now()
  #askedMs = 0
  #trouble: unknown
  #failure: LogError | undefined

  constructor(
    options: { client: BaseOptions; group: string; watch: KafkaTopicWatch; partition: number },
    from: Offset,
  ) {
    this.#client = new Consumer({ ...options.client, groupId: options.group })
    this.#watch = options.watch
    this.#partition = options.partition
    this.#next = from
    this.#running = this.#run()
  }

  /**
   * Where the partition's end is, and when the broker was asked for it, on the monotonic clock, if
   * everything up to it was taken. An answer may have lain about while this process stood still.
   */
  get caughtUp(): { readonly next: Offset; readonly asOfMs: number } | undefined {
    const isAtEnd = this.#end !== undefined && this.#next >= this.#end && !this.#buffer.length
    return isAtEnd ? { next: this.#next, asOfMs: this.#askedMs } : undefined
  }

  /** Waits up to `waitMs` for the first record. Rejects with a `LogError`. */
  async take(maxRecords: number, waitMs: number): Promise<readonly FetchedRecord[]> {
    if (!this.#buffer.length && !this.#failure) await this.#arrived.wait(waitMs)
    if (this.#failure) throw this.#failure
    const records = this.#buffer.splice(0, maxRecords)
    if (!records.length) this.#checkAnswers()
    for (const { record } of records) this.#bufferedBytes -= record.length
    if (records.length) this.#room.wake()
    return records
  }

  async close(): Promise<void> {
    this.#fail(new LogError('closed', `The reader of partition ${this.#partition} is closed`))
    await this.#client.close()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#failure) {
      if (this.#watch.lost) {
        this.#fail(this.#watch.lost)
        break
      }
      if (this.#bufferedBytes >= bufferBytes || this.#buffer.length >= bufferRecords) {
        await this.#room.wait(silenceMs)
        continue
      }
      try {
        await this.#fetch()
      } catch (error) {
        await this.#recover(error)
      }
    }
  }

  async #fetch(): Promise<void> {
    const askedMs = performance.now()
    const response = await this.#client.fetch({
      node: this.#watch.leader(this.#partition),
      maxWaitTime: fetchWaitMs,
      minBytes: 1,
      maxBytes: fetchBytes,
      isolationLevel: 0,
      topics: [
        {
          topicId: this.#watch.id,
          partitions: [
            {
              partition: this.#partition,
              currentLeaderEpoch: -1,
              fetchOffset: BigInt(this.#next),
              lastFetchedEpoch: -1,
              partitionMaxBytes: fetchBytes,
            },
          ],
        },
      ],
    })
    this.#trouble = undefined
    this.#answeredMs = performance.now()
    // A partition without news is left out of the answer.
    for (const partition of response.responses.flatMap(({ partitions }) => partitions)) {
      for (const batch of partition.records ?? []) this.#keep(batch)
      this.#end = toOffset(partition.highWatermark)
    }
    this.#askedMs = askedMs
    if (this.#buffer.length) this.#arrived.wake()
  }

  #keep(batch: RecordsBatch): void {
    const base = toOffset(batch.firstOffset)
    if (!(batch.attributes & controlBatch)) {
      for (const record of batch.records) {
        const at = offset(base + record.offsetDelta)
        // A batch begins before the offset asked for where that lies inside it.
        if (at < this.#next) continue
        this.#buffer.push({ offset: at, record })
        this.#bufferedBytes += record.length
      }
    }
    this.#next = offset(Math.max(this.#next, base + batch.lastOffsetDelta + 1))
  }

  /** Decides whether an error is final, and waits before the next attempt if it is not. */
  async #recover(error: unknown): Promise<void> {
    if (this.#failure) return
    this.#trouble = error
    if (isAnswer(error, 'OFFSET_OUT_OF_RANGE')) {
      const where = `${this.#watch.topic}, partition ${this.#partition}`
      this.#fail(
        new LogError('out_of_range', `${where} does not hold offset ${this.#next} any more`),
      )
      return
    }
    // The partition may have another leader now, at another address, or be gone.
    this.#client.clearMetadata()
    await this.#watch.refresh().catch(() => undefined)
    if (!this.#watch.lost) await this.#room.wait(retryDelayMs)
  }

  #checkAnswers(): void {
    const silent = performance.now() - this.#answeredMs > silenceMs
    if (!this.#trouble && !silent) return
    const cause = this.#trouble ?? new Error(`no answer for ${silenceMs} ms`)
    throw this.#watch.unreachable(cause)
  }

  #fail(failure: LogError): void {
    this.#failure ??= failure
    this.#arrived.wake()
    this.#room.wake()
  }
}
