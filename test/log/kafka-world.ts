import { Admin } from '@platformatic/kafka'
import type { Log } from '../../core/log.ts'
import { createKafkaTopics, maxBatchBytes } from '../../log/kafka-topics.ts'
import { type LogWorld, worldPartitions } from '../contract/log.ts'
import { type KafkaClientName, kafkaOptions, openKafka } from './open-log.ts'
import { startMember } from './other-process.ts'

const topicResource = 2
const setValue = 0
const usualLimit = 2 * maxBatchBytes

/** A log of topics of its own on a broker at `address`, through one client; they stay there. */
export async function inKafkaWorld(
  client: KafkaClientName,
  address: string,
  broker: LogWorld['broker'],
  use: (world: LogWorld) => Promise<void>,
): Promise<void> {
  const topicPrefix = `test-${crypto.randomUUID()}`
  const where = `${address}/${topicPrefix}`
  const logs: Log[] = []
  const members: { kill(): Promise<void> }[] = []
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [address], retries: 5 })
  const migrate = (partitions = worldPartitions) =>
    createKafkaTopics({ ...kafkaOptions(where), partitions })
  const writes = `${topicPrefix}.writes`
  const topics = [writes, `${topicPrefix}.control`, `${topicPrefix}.status`]
  const exist = async () => (await admin.listTopics()).includes(writes)
  try {
    await use({
      kind: 'kafka',
      migrate,
      async open(options) {
        const log = await openKafka(client, where, options)
        logs.push(log)
        return log
      },
      async recreate() {
        await admin.deleteTopics({ topics })
        while (await exist()) await new Promise((resolve) => setTimeout(resolve, 20))
        await migrate()
      },
      async limit(bytes) {
        const configs = [{ name: 'max.message.bytes', value: String(bytes ?? usualLimit) }]
        await admin.incrementalAlterConfigs({
          resources: [
            {
              resourceType: topicResource,
              resourceName: writes,
              configs: configs.map((one) => ({ ...one, configOperation: setValue })),
            },
          ],
        })
      },
      async reported(shard) {
        const [group] = await admin.listConsumerGroupOffsets({ groups: [topicPrefix] })
        const partitions = group?.topics.find(({ name }) => name === writes)?.partitions
        const found = partitions?.find(({ partitionIndex }) => partitionIndex === shard)
        return found && Number(found.committedOffset)
      },
      async file() {
        throw new Error('the files are the brokers’ own')
      },
      async startMember() {
        const member = await startMember(client, where)
        members.push(member)
        return member
      },
      broker,
    })
  } finally {
    await Promise.all([...logs.map((log) => log.close()), ...members.map((other) => other.kill())])
    await admin.close()
  }
}
