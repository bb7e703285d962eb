import type { Log } from '../../core/log.ts'
import { confluentClient } from '../../log/confluent-client.ts'
import type { OpenKafkaClient } from '../../log/kafka-client.ts'
import { openKafkaLog } from '../../log/kafka-log.ts'
import type { KafkaOptions } from '../../log/kafka-options.ts'
import { openPlatformaticClient } from '../../log/platformatic-client.ts'
import { openSqliteLog, type SqliteLogOptions } from '../../log/sqlite-log.ts'
import { worldPartitions } from '../contract/log.ts'

/** Opens the embedded log in a file. */
export function openEmbedded(path: string, options: Partial<SqliteLogOptions> = {}): Log {
  return openSqliteLog({ path, partitions: worldPartitions, owner: 'this test', ...options })
}

export const kafkaClients = ['platformatic', 'confluent'] as const
export type KafkaClientName = (typeof kafkaClients)[number]

/** Opens the log at `<broker>/<prefix of its topics>`. */
export async function openKafka(
  client: KafkaClientName,
  where: string,
  options: Partial<KafkaOptions> = {},
): Promise<Log> {
  return openKafkaLog({ ...kafkaOptions(where), ...options }, await clientOf(client))
}

export async function clientOf(client: KafkaClientName): Promise<OpenKafkaClient> {
  return client === 'confluent' ? confluentClient() : openPlatformaticClient
}

export function kafkaOptions(where: string): KafkaOptions {
  const [broker, topicPrefix] = where.split('/') as [string, string]
  return { brokers: [broker], topicPrefix, partitions: worldPartitions }
}
