import type { BaseOptions } from '@platformatic/kafka'
import { defaultPublishTimeoutMs } from './publish-timeout.ts'

export interface KafkaOptions {
  /** `host:port` of some brokers; the rest are found through them. */
  readonly brokers: readonly string[]
  /** The topics are `<prefix>.writes`, `.control` and `.status`, the workers' group `<prefix>`. */
  readonly topicPrefix: string
  /** How many shards there are; a topic with another number of partitions is not opened. */
  readonly partitions: number
  readonly security?: KafkaSecurity
  /** How long a publish may take, retries included, before it fails. */
  readonly publishTimeoutMs?: number
  readonly compression?: KafkaCompression
  /** Told of what a log that opens could do without, a line each. */
  readonly warn?: (line: string) => void
}

/** What the brokers demand; nothing is plaintext without a password. */
export interface KafkaSecurity {
  /** The authorities that the brokers' certificates come from, in PEM. */
  readonly tls?: { readonly ca: string }
  readonly sasl?: {
    readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
    readonly username: string
    readonly password: string
  }
}

export type KafkaCompression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

export interface KafkaTopics {
  readonly writes: string
  readonly control: string
  readonly status: string
}

function kafkaTopics(prefix: string): KafkaTopics {
  return { writes: `${prefix}.writes`, control: `${prefix}.control`, status: `${prefix}.status` }
}

export interface KafkaSettings {
  readonly group: string
  readonly topics: KafkaTopics
  readonly partitions: number
  readonly publishTimeoutMs: number
  readonly compression: KafkaCompression
  readonly brokers: readonly string[]
  readonly security: KafkaSecurity
  /** For @platformatic/kafka, which asks about topics whichever client carries the messages. */
  readonly client: BaseOptions
}

/** A quarter of the bytes for little CPU time: docs/performance.md has the figures. */
const defaultCompression: KafkaCompression = 'lz4'
/** A broker that is away is noticed after this, and that a connection hangs after the other. */
export const connectTimeoutMs = 3000
const requestTimeoutMs = 10_000

export function kafkaSettings(options: KafkaOptions): KafkaSettings {
  return {
    group: options.topicPrefix,
    topics: kafkaTopics(options.topicPrefix),
    partitions: options.partitions,
    publishTimeoutMs: options.publishTimeoutMs ?? defaultPublishTimeoutMs,
    compression: options.compression ?? defaultCompression,
    brokers: options.brokers,
    security: options.security ?? {},
    client: {
      clientId: 'sluice',
      bootstrapBrokers: [...options.brokers],
      connectTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Each loop here retries by itself: it knows what may be tried again, and for how long.
      retries: 0,
      ...options.security,
    },
  }
}

/** The same for every client: members of one group run on several. */
export const groupTimes = {
  /** The group gives a member's shards away when it has heard nothing for so long. */
  sessionMs: 6000,
  /** How long the group waits for its members when it shares out anew. */
  rebalanceMs: 10_000,
  /**
   * A member learns by a heartbeat that the group shares out anew: this is how soon, and how much longer
   * than its session a dead worker's shards stand still.
   */
  heartbeatMs: 250,
} as const
