import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { VariableName } from '../config/environment.ts'
import type { KafkaSettings, Settings } from '../config/settings.ts'
import type { Log } from '../core/log.ts'
import { LogError } from '../core/log.ts'
import { openKafkaLog } from '../log/kafka-log.ts'
import type { KafkaOptions, KafkaSecurity } from '../log/kafka-options.ts'
import { createKafkaTopics } from '../log/kafka-topics.ts'
import { createSqliteLog, openSqliteLog } from '../log/sqlite-log.ts'
import { loadKafkaClient } from './kafka-client.ts'

/** Opens the log that the settings name: Kafka's where there are brokers, else the embedded one. */
export async function openLog(settings: Settings, partitions: number, owner: string): Promise<Log> {
  const { kafka } = settings
  if (kafka) {
    const openClient = await loadKafkaClient(kafka)
    return withBrokerAdvice(async () =>
      openKafkaLog(await kafkaOptions(settings, kafka, partitions), openClient),
    )
  }
  const log = openSqliteLog({ path: embeddedLogPath(settings), partitions, owner })
  await requireOwn(log, settings)
  return log
}

/** Makes the topics, or the embedded log; what is there stays. */
export async function createLog(settings: Settings, partitions: number): Promise<void> {
  const { kafka } = settings
  if (kafka) {
    await withBrokerAdvice(async () =>
      createKafkaTopics(await kafkaOptions(settings, kafka, partitions)),
    )
    return
  }
  await mkdir(settings.dataDir, { recursive: true })
  const { topicPrefix } = settings
  createSqliteLog({ path: embeddedLogPath(settings), partitions, topicPrefix })
}

/** Adds what to do about brokers that do not answer at the start. */
async function withBrokerAdvice<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== 'unreachable') throw error
    // It is there, and lets nobody in: what to do is said already.
    if (error.message.includes('SLUICE_KAFKA_')) throw error
    const message = `${error.message}. Start it, or set SLUICE_KAFKA_BROKERS to where it is`
    throw new LogError('unreachable', message, { cause: error })
  }
}

/** The embedded log keeps the name that it was made with; another is another deployment's. */
async function requireOwn(log: Log, { topicPrefix, dataDir }: Settings): Promise<void> {
  const expected = `${topicPrefix}.writes`
  if (log.topic === expected) return
  await log.close()
  throw new LogError(
    'recreated',
    `the log in the data folder ${dataDir} is ${log.topic}, expected ${expected}: it belongs to another deployment. Set SLUICE_DATA_DIR or SLUICE_TOPIC_PREFIX back`,
  )
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
  const { brokers } = kafka
  const warn = (line: string) => console.error(`WARNING ${line}`)
  return { brokers, topicPrefix, partitions, security: await securityOf(kafka), warn }
}

async function securityOf({ tlsCaFile, sasl }: KafkaSettings): Promise<KafkaSecurity> {
  return {
    ...(tlsCaFile && { tls: { ca: await readSetting('SLUICE_KAFKA_TLS_CA', tlsCaFile) } }),
    ...(sasl && {
      sasl: {
        mechanism: sasl.mechanism,
        username: sasl.username,
        password: (await readSetting('SLUICE_KAFKA_SASL_PASSWORD_FILE', sasl.passwordFile)).trim(),
      },
    }),
  }
}

/** The text of the file that a variable names. */
async function readSetting(variable: VariableName, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new Error(`${variable} is ${path}: ${(cause as Error).message}`, { cause })
  }
}
