import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KafkaSettings, Settings } from '../config/settings.ts'
import type { Log } from '../core/log.ts'
import { openKafkaLog } from '../log/kafka-log.ts'
import type { KafkaOptions, KafkaSecurity } from '../log/kafka-options.ts'
import { createKafkaTopics } from '../log/kafka-topics.ts'
import { createSqliteLog, openSqliteLog } from '../log/sqlite-log.ts'

/** Opens the log that the settings name: Kafka's where there are brokers, else the embedded one. */
export async function openLog(settings: Settings, partitions: number, owner: string): Promise<Log> {
  if (settings.kafka) return openKafkaLog(await kafkaOptions(settings, settings.kafka, partitions))
  return openSqliteLog({ path: embeddedLogPath(settings), partitions, owner })
}

/** Makes the topics, or the embedded log; what is there stays. */
export async function createLog(settings: Settings, partitions: number): Promise<void> {
  if (settings.kafka) {
    await createKafkaTopics(await kafkaOptions(settings, settings.kafka, partitions))
    return
  }
  await mkdir(settings.dataDir, { recursive: true })
  const { topicPrefix } = settings
  createSqliteLog({ path: embeddedLogPath(settings), partitions, topicPrefix })
}

/** As OpenTelemetry names messaging systems. */
export function logSystem(settings: Settings): string {
  return settings.kafka ? 'kafka' : 'sqlite'
}

function embeddedLogPath({ dataDir }: Settings): string {
  return join(dataDir, 'log.sqlite')
}

async function kafkaOptions(
  { topicPrefix }: Settings,
  kafka: KafkaSettings,
  partitions: number,
): Promise<KafkaOptions> {
  if (kafka.client === 'confluent') {
    throw new Error(
      'SLUICE_KAFKA_CLIENT is confluent, which this version does not bring: unset it, or set it to platformatic',
    )
  }
  const { brokers } = kafka
  return { brokers, topicPrefix, partitions, security: await securityOf(kafka) }
}

async function securityOf({ tlsCaFile, sasl }: KafkaSettings): Promise<KafkaSecurity> {
  return {
    ...(tlsCaFile && { tls: { ca: await readFile(tlsCaFile) } }),
    ...(sasl && {
      sasl: {
        mechanism: sasl.mechanism,
        username: sasl.username,
        password: (await readFile(sasl.passwordFile, 'utf8')).trim(),
      },
    }),
  }
}
