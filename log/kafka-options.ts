import type { BaseOptions } from '@platformatic/kafka'
import { defaultPublishTimeoutMs } from './publish-timeout.ts'

export interface KafkaOptions {
  /** `host:port` of some brokers; the rest are found through them. */
  readonly brokers: readonly string[]
  /** The topics are `<prefix>.writes` and `<prefix>.status`, the workers' group `<prefix>`. */
  readonly topicPrefix: string
  /** How many shards there are; a topic with another number of partitions is not opened. */
  readonly partitions: number
  /** TLS and SASL, as the client takes them. */
  readonly security?: KafkaSecurity
  /** How long a publish may take, retries included, before it fails. */
  readonly publishTimeoutMs?: number
  readonly compression?: KafkaCompression
}

export type KafkaSecurity = Pick<BaseOptions, 'tls' | 'tlsServerName' | 'sasl'>
export type KafkaCompression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

export interface KafkaTopics {
  readonly writes: string
  readonly control: string
  readonly status: string
}

export function kafkaTopics(prefix: string): KafkaTopics {
  return { writes: `${prefix}.writes`, control: `${prefix}.control`, status: `${prefix}.status` }
}

export interface KafkaSettings {
  readonly group: string
  readonly topics: KafkaTopics
  readonly partitions: number
  readonly publishTimeoutMs: number
  readonly compression: KafkaCompression
  readonly client: BaseOptions
}

/** A broker that is away is noticed after this, and that a connection hangs after the other. */
const connectTimeoutMs = 3000
const requestTimeoutMs = 10_000

export function kafkaSettings(options: KafkaOptions): KafkaSettings {
  return {
    group: options.topicPrefix,
    topics: kafkaTopics(options.topicPrefix),
    partitions: options.partitions,
    publishTimeoutMs: options.publishTimeoutMs ?? defaultPublishTimeoutMs,
    compression: options.compression ?? 'none',
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
