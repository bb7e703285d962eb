import type { PartitionReader } from '../core/log.ts'
import type { Offset } from '../core/position.ts'
import type { KafkaClient, KafkaClientParts } from './kafka-client.ts'
import { PlatformaticFetcher } from './platformatic-fetcher.ts'
import { PlatformaticMember } from './platformatic-member.ts'
import { PlatformaticReader } from './platformatic-reader.ts'
import { PlatformaticSender } from './platformatic-sender.ts'

/** Kafka through @platformatic/kafka: pure JavaScript, on each runtime. */
export function openPlatformaticClient(parts: KafkaClientParts): KafkaClient {
  const { settings, cluster, watch, batchBytes } = parts
  const { client, group, partitions, compression, publishTimeoutMs: timeoutMs } = settings
  const sender = new PlatformaticSender({
    cluster,
    watch,
    partitions,
    batchBytes,
    timeoutMs,
    compression,
  })
  const readers = new Set<PartitionReader>()
  return {
    publish: (messages) => sender.publish(messages),
    async read(partition: number, from: Offset) {
      const fetcher = new PlatformaticFetcher({ client, group, watch, partition }, from)
      const reader = new PlatformaticReader(fetcher, () => readers.delete(reader))
      readers.add(reader)
      return reader
    },
    member: (onAssigned) => new PlatformaticMember(settings, onAssigned),
    async close() {
      await sender.close()
      await Promise.all([...readers].map((reader) => reader.close()))
    },
  }
}
