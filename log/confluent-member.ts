import type { LibrdKafkaError, TopicPartition } from '@confluentinc/kafka-javascript'
import { type Offset, type ShardId, shardId } from '../core/position.ts'
import { confluentConfiguration, connect } from './confluent-configuration.ts'
import type { ConfluentKafkaConsumer, ConfluentLibrary } from './confluent-library.ts'
import type { KafkaMember } from './kafka-client.ts'
import { groupTimes, type KafkaSettings } from './kafka-options.ts'

/** How often the library is asked for news of the group; a member that stops asking is given up. */
const pollMs = 100
/** The library's codes for what a rebalance asks. */
const assignCode = -175
const revokeCode = -174
/** Nothing is read here, and a partition begins where there is nothing to read. */
const offsetEnd = -1
const readAheadKibibytes = 1
/** The library's code for an error after which a client does nothing any more. */
const fatalCode = -150

/**
 * One stay in the group, by a client that reads nothing: what is assigned is paused. The library
 * joins again by itself, with heartbeats that do not depend on the event loop.
 */
export class ConfluentMember implements KafkaMember {
  readonly #consumer: ConfluentKafkaConsumer
  readonly #topic: string
  readonly #onAssigned: (shards: readonly ShardId[]) => void
  readonly #over = Promise.withResolvers<void>()
  #shards: ReadonlySet<ShardId> = new Set()
  #isOver = false

  constructor(
    library: ConfluentLibrary,
    settings: KafkaSettings,
    onAssigned: (shards: readonly ShardId[]) => void,
  ) {
    this.#topic = settings.topics.writes
    this.#onAssigned = onAssigned
    this.#consumer = new library.KafkaConsumer(
      {
        ...confluentConfiguration(settings),
        'group.id': settings.group,
        // Sticky: a worker that comes or goes moves no more shards than it must.
        'partition.assignment.strategy': 'cooperative-sticky',
        'session.timeout.ms': groupTimes.sessionMs,
        'heartbeat.interval.ms': groupTimes.heartbeatMs,
        // Also how long the group waits for its members when it shares out anew.
        'max.poll.interval.ms': groupTimes.rebalanceMs,
        'enable.auto.commit': false,
        'enable.auto.offset.store': false,
        'queued.max.messages.kbytes': readAheadKibibytes,
        rebalance_cb: (error: LibrdKafkaError, partitions: TopicPartition[]) =>
          this.#rebalance(error.code, partitions),
      },
      { 'auto.offset.reset': 'error' },
    )
    // It must not wait for messages: that would hold one of Node's few worker threads.
    this.#consumer.setDefaultConsumeTimeout(0)
    this.#consumer.on('event.error', (error) => this.#endIfFatal(error))
  }

  async stay(): Promise<void> {
    await connect(this.#consumer, this.#topic)
    try {
      this.#consumer.subscribe([this.#topic])
      while (!this.#isOver) await this.#poll()
    } finally {
      await new Promise<void>((resolve) => this.#consumer.disconnect(() => resolve()))
    }
  }

  end(): void {
    this.#isOver = true
    this.#over.resolve()
  }

  commit(offsets: ReadonlyMap<ShardId, Offset>): Promise<void> {
    const topic = this.#topic
    const all = Array.from(offsets, ([partition, offset]) => ({ topic, partition, offset }))
    return new Promise((resolve, reject) => {
      this.#consumer.commitCb(all, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** Disconnecting while a call is under way would be an error: it is waited for. */
  async #poll(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#consumer.consume(1, (error) => {
        this.#endIfFatal(error)
        resolve()
      })
    })
    const pause = Promise.withResolvers<void>()
    const timer = setTimeout(pause.resolve, pollMs)
    await Promise.race([pause.promise, this.#over.promise])
    clearTimeout(timer)
  }

  #rebalance(code: number, partitions: readonly TopicPartition[]): void {
    const named = partitions.filter(({ topic }) => topic === this.#topic)
    const shards = new Set(named.map(({ partition }) => shardId(partition)))
    switch (code) {
      case assignCode:
        this.#shards = this.#shards.union(shards)
        this.#answer(() => {
          this.#consumer.incrementalAssign(named.map((one) => ({ ...one, offset: offsetEnd })))
          if (named.length > 0) this.#consumer.pause(named)
        })
        break
      case revokeCode:
        this.#shards = this.#shards.difference(shards)
        this.#answer(() => this.#consumer.incrementalUnassign(named))
        break
      default:
        // The group could not share out; another member begins anew.
        this.end()
        return
    }
    if (!this.#isOver) this.#onAssigned([...this.#shards])
  }

  #answer(answer: () => void): void {
    try {
      answer()
    } catch {
      // The client is closing, or was fenced: a stay without its partitions is over.
      this.end()
    }
  }

  #endIfFatal(error: LibrdKafkaError | null): void {
    if (error?.code === fatalCode) this.end()
  }
}
