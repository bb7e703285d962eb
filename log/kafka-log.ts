import {
  type Log,
  type LogBounds,
  LogError,
  type Membership,
  type OutgoingMessage,
  type PartitionReader,
  PublishError,
} from '../core/log.ts'
import type { Offset, ShardId } from '../core/position.ts'
import { checkHeld } from './held-offset.ts'
import { KafkaCluster, type TopicView } from './kafka-cluster.ts'
import { KafkaFetcher } from './kafka-fetcher.ts'
import { KafkaMembership } from './kafka-membership.ts'
import { type KafkaOptions, type KafkaSettings, kafkaSettings } from './kafka-options.ts'
import { KafkaReader } from './kafka-reader.ts'
import { KafkaSender } from './kafka-sender.ts'
import { KafkaStatusBoard } from './kafka-status-board.ts'
import { KafkaTopicWatch } from './kafka-topic-watch.ts'
import { checkKafkaTopics } from './kafka-topics.ts'
import { misfit } from './message-bounds.ts'

/** Opens the log that `createKafkaTopics` made. Needs Kafka 3.1 or newer. Rejects with a `LogError`. */
export async function openKafkaLog(options: KafkaOptions): Promise<Log> {
  const settings = kafkaSettings(options)
  const cluster = new KafkaCluster(settings.client)
  try {
    const { writes, batchBytes } = await checkKafkaTopics(cluster, settings)
    return new KafkaLog(settings, cluster, writes, batchBytes)
  } catch (error) {
    await cluster.close()
    throw error
  }
}

class KafkaLog implements Log {
  readonly logId: string
  readonly topic: string
  readonly partitions: number
  readonly status: KafkaStatusBoard
  readonly #settings: KafkaSettings
  readonly #cluster: KafkaCluster
  readonly #watch: KafkaTopicWatch
  readonly #sender: KafkaSender
  readonly #readers = new Set<KafkaReader>()
  readonly #memberships: KafkaMembership[] = []
  #closed = false

  constructor(
    settings: KafkaSettings,
    cluster: KafkaCluster,
    writes: TopicView,
    batchBytes: number,
  ) {
    const { partitions, compression, publishTimeoutMs: timeoutMs } = settings
    this.logId = writes.id
    this.topic = settings.topics.writes
    this.partitions = partitions
    this.#settings = settings
    this.#cluster = cluster
    const watch = new KafkaTopicWatch(cluster, this.topic, writes)
    this.#watch = watch
    this.#sender = new KafkaSender({
      cluster,
      watch,
      partitions,
      batchBytes,
      timeoutMs,
      compression,
    })
    this.status = new KafkaStatusBoard(cluster, settings)
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<readonly Offset[]> {
    const unfit = misfit(messages, this.partitions)
    if (unfit) throw new PublishError('none', `Nothing was written: ${unfit}`)
    return messages.length === 0 ? [] : this.#sender.publish(messages)
  }

  async bounds(shard: ShardId): Promise<LogBounds> {
    const bounds = await this.#cluster.bounds(this.topic, shard)
    // Asked by name: the answer counts only if the name still means the same topic.
    await this.ping()
    return bounds
  }

  async open(shard: ShardId, from: Offset): Promise<PartitionReader> {
    checkHeld(shard, from, await this.bounds(shard))
    const { client, group } = this.#settings
    const options = { client, group, watch: this.#watch, partition: shard }
    const fetcher = new KafkaFetcher(options, from)
    const reader = new KafkaReader(fetcher, () => this.#readers.delete(reader))
    this.#readers.add(reader)
    return reader
  }

  async join(): Promise<Membership> {
    await this.ping()
    const membership = new KafkaMembership(this.#settings)
    this.#memberships.push(membership)
    return membership
  }

  async ping(): Promise<void> {
    if (this.#closed) throw new LogError('closed', 'The log is closed')
    await this.#watch.refresh()
    if (this.#watch.lost) throw this.#watch.lost
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#sender.close()
    await Promise.all(this.#memberships.map((membership) => membership.leave()))
    await Promise.all([...this.#readers].map((reader) => reader.close()))
    await this.status.close()
    this.#watch.close()
    await this.#cluster.close()
  }
}
