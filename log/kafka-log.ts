import {
  type Headroom,
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
import type { KafkaClient, KafkaClientParts, OpenKafkaClient } from './kafka-client.ts'
import { KafkaCluster } from './kafka-cluster.ts'
import { KafkaCompactedTopic } from './kafka-compacted-topic.ts'
import { KafkaControlBoard } from './kafka-control-board.ts'
import { KafkaMembership } from './kafka-membership.ts'
import { type KafkaOptions, kafkaSettings } from './kafka-options.ts'
import { KafkaStatusBoard } from './kafka-status-board.ts'
import { deleteRecords, describeHeadroom } from './kafka-storage.ts'
import { KafkaTopicWatch } from './kafka-topic-watch.ts'
import { checkKafkaTopics } from './kafka-topics.ts'
import { misfit } from './message-bounds.ts'

/**
 * Opens the log that `createKafkaTopics` made, through one client library. Needs Kafka 3.3 or newer.
 * Rejects with a `LogError`.
 */
export async function openKafkaLog(
  options: KafkaOptions,
  openClient: OpenKafkaClient,
): Promise<Log> {
  const settings = kafkaSettings(options)
  const cluster = new KafkaCluster(settings.client)
  try {
    const { writes, batchBytes, warnings } = await checkKafkaTopics(cluster, settings)
    for (const warning of warnings) options.warn?.(warning)
    if (!(await describeHeadroom(cluster, settings.topics.writes))) options.warn?.(noHeadroom)
    const watch = new KafkaTopicWatch(cluster, settings.topics.writes, writes)
    return new KafkaLog({ settings, cluster, watch, batchBytes }, openClient)
  } catch (error) {
    await cluster.close()
    throw error
  }
}

const noHeadroom =
  'the brokers do not tell how much room their disks have (allow their user to DESCRIBE the cluster): writes are taken until they are full'

class KafkaLog implements Log {
  readonly logId: string
  readonly topic: string
  readonly partitions: number
  readonly status: KafkaStatusBoard
  readonly control: KafkaControlBoard
  readonly #cluster: KafkaCluster
  readonly #watch: KafkaTopicWatch
  readonly #client: KafkaClient
  readonly #compacted: readonly KafkaCompactedTopic[]
  readonly #memberships: KafkaMembership[] = []
  #closed = false

  constructor(parts: KafkaClientParts, openClient: OpenKafkaClient) {
    const { settings, cluster, watch } = parts
    this.logId = watch.id
    this.topic = watch.topic
    this.partitions = settings.partitions
    this.#cluster = cluster
    this.#watch = watch
    this.#client = openClient(parts)
    const status = new KafkaCompactedTopic(cluster, settings, settings.topics.status)
    const control = new KafkaCompactedTopic(cluster, settings, settings.topics.control)
    this.status = new KafkaStatusBoard(status)
    this.control = new KafkaControlBoard(control)
    this.#compacted = [status, control]
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<readonly Offset[]> {
    const unfit = misfit(messages, this.partitions)
    if (unfit) throw new PublishError('none', `Nothing was written: ${unfit}`)
    return messages.length === 0 ? [] : this.#client.publish(messages)
  }

  async bounds(shard: ShardId): Promise<LogBounds> {
    const bounds = await this.#cluster.bounds(this.topic, shard)
    // Asked by name: the answer counts only if the name still means the same topic.
    await this.ping()
    return bounds
  }

  async open(shard: ShardId, from: Offset): Promise<PartitionReader> {
    checkHeld(shard, from, await this.bounds(shard))
    return this.#client.read(shard, from)
  }

  async trim(shard: ShardId, before: Offset): Promise<void> {
    await this.ping()
    await deleteRecords(this.#cluster, this.#watch, shard, before)
  }

  async headroom(): Promise<Headroom | undefined> {
    await this.ping()
    return describeHeadroom(this.#cluster, this.topic)
  }

  async join(): Promise<Membership> {
    await this.ping()
    const membership = new KafkaMembership((onAssigned) => this.#client.member(onAssigned))
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
    await Promise.all([
      this.#client.close(),
      ...this.#memberships.map((membership) => membership.leave()),
    ])
    await Promise.all(this.#compacted.map((topic) => topic.close()))
    this.#watch.close()
    await this.#cluster.close()
  }
}
