import type { Log } from '../../core/log.ts'
import { openKafkaLog } from '../../log/kafka-log.ts'
import type { KafkaOptions } from '../../log/kafka-options.ts'
import { openSqliteLog, type SqliteLogOptions } from '../../log/sqlite-log.ts'
import { worldPartitions } from '../contract/log.ts'

/** Opens the embedded log in a file. */
export function openEmbedded(path: string, options: Partial<SqliteLogOptions> = {}): Log {
  return openSqliteLog({ path, partitions: worldPartitions, owner: 'this test', ...options })
}

/** Opens the log at `<broker>/<prefix of its topics>`. */
export function openKafka(where: string, options: Partial<KafkaOptions> = {}): Promise<Log> {
  return openKafkaLog({ ...kafkaOptions(where), ...options })
}

export function kafkaOptions(where: string): KafkaOptions {
  const [broker, topicPrefix] = where.split('/') as [string, string]
  return { brokers: [broker], topicPrefix, partitions: worldPartitions }
}
