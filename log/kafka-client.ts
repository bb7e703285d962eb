import type { Assignment, OutgoingMessage, PartitionReader } from '../core/log.ts'
import type { Offset, ShardId } from '../core/position.ts'
import type { KafkaCluster } from './kafka-cluster.ts'
import type { KafkaSettings } from './kafka-options.ts'
import type { KafkaTopicWatch } from './kafka-topic-watch.ts'

/**
 * What carries the messages and keeps the place in the group: the part of the log that each client
 * library does in its own way. Topics, their settings, bounds and statuses are few questions, asked
 * in the same way whichever client it is (`KafkaCluster`).
 */
export interface KafkaClient {
  /** Appends messages that fit. Rejects with a `PublishError`. */
  publish(messages: readonly OutgoingMessage[]): Promise<readonly Offset[]>
  /** Reads a partition from an offset that was held a moment ago. */
  read(partition: number, from: Offset): Promise<PartitionReader>
  /** A stay in the group that begins with `stay`. */
  member(onAssigned: (assignment: Assignment) => void): KafkaMember
  /** Waits for the publishes under way, at most as long as one may take, then ends its readers. */
  close(): Promise<void>
}

/** One stay in the group, from a fresh join to its end. */
export interface KafkaMember {
  /** Joins and stays; resolves when this member is no longer part of the group, or may not be. */
  stay(): Promise<void>
  /** Leaves the group. */
  end(): void
  commit(offsets: ReadonlyMap<ShardId, Offset>): Promise<void>
}

/** What a client library is given to work with. */
export interface KafkaClientParts {
  readonly settings: KafkaSettings
  readonly cluster: KafkaCluster
  /** Of the topic of writes. */
  readonly watch: KafkaTopicWatch
  /** The largest record batch that the topic of writes took when it was opened. */
  readonly batchBytes: number
}

/** What became of a message. */
export type Delivered =
  | { readonly kind: 'written'; readonly offset: Offset }
  | { readonly kind: 'failed'; readonly outcome: 'none' | 'unknown'; readonly reason: unknown }

export type OpenKafkaClient = (parts: KafkaClientParts) => KafkaClient
