import { Admin } from '@platformatic/kafka'
import { expect, inject, onTestFinished, test } from 'vitest'
import { openKafkaLog } from '../../log/kafka-log.ts'
import type { KafkaOptions } from '../../log/kafka-options.ts'
import { createKafkaTopics } from '../../log/kafka-topics.ts'
import { openPlatformaticClient } from '../../log/platformatic-client.ts'

const partitions = 3

function someTopics(): { options: KafkaOptions; admin: Admin; writes: string } {
  const topicPrefix = `topics-${crypto.randomUUID()}`
  const brokers = inject('kafkaBrokers')
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: brokers, retries: 5 })
  onTestFinished(() => admin.close())
  return { options: { brokers, topicPrefix, partitions }, admin, writes: `${topicPrefix}.writes` }
}

async function settingsOf(admin: Admin, topic: string): Promise<Record<string, unknown>> {
  const resources = [{ resourceType: 2, resourceName: topic } as const]
  const [found] = await admin.describeConfigs({ resources })
  return Object.fromEntries(found!.configs.map(({ name, value }) => [name, value]))
}

async function alter(admin: Admin, topic: string, name: string, value: string): Promise<void> {
  const configs = [{ name, value, configOperation: 0 } as const]
  const resources = [{ resourceType: 2, resourceName: topic, configs } as const]
  await admin.incrementalAlterConfigs({ resources })
}

test('writes are kept for ever, control and status compacted, each in as many partitions as it needs', async () => {
  const { options, admin, writes } = someTopics()
  const others = [`${options.topicPrefix}.control`, `${options.topicPrefix}.status`]
  await createKafkaTopics(options)
  const { topics } = await admin.metadata({ topics: [writes, ...others] })
  expect(topics.get(writes)?.partitionsCount).toBe(partitions)
  expect(await settingsOf(admin, writes)).toMatchObject({
    'cleanup.policy': 'delete',
    'retention.ms': '-1',
    'retention.bytes': '-1',
  })
  for (const topic of others) {
    expect(topics.get(topic)?.partitionsCount).toBe(1)
    expect(await settingsOf(admin, topic)).toMatchObject({ 'cleanup.policy': 'compact' })
  }
})

test.each([
  ['retention.ms', '604800000', '-1'],
  ['retention.bytes', '1073741824', '-1'],
  ['cleanup.policy', 'compact', 'delete'],
])(
  'a topic that would lose what is accepted by %s is refused by name',
  async (setting, value, expected) => {
    const { options, admin, writes } = someTopics()
    await createKafkaTopics(options)
    await alter(admin, writes, setting, value)
    const refused = {
      code: 'not_migrated',
      message: `The topic ${writes} has ${setting}=${value}, expected ${expected}: alter the topic`,
    }
    await expect(openKafkaLog(options, openPlatformaticClient)).rejects.toMatchObject(refused)
    await expect(createKafkaTopics(options)).rejects.toMatchObject(refused)
  },
)

test('a topic whose batches are too small for a message is refused', async () => {
  const { options, admin, writes } = someTopics()
  await createKafkaTopics(options)
  await alter(admin, writes, 'max.message.bytes', '100000')
  await expect(openKafkaLog(options, openPlatformaticClient)).rejects.toMatchObject({
    code: 'not_migrated',
    message: expect.stringMatching(/max\.message\.bytes=100000, expected at least 27\d{4}/),
  })
})

test('a topic with smaller batches than usual is written in smaller batches', async () => {
  const { options, admin, writes } = someTopics()
  await createKafkaTopics(options)
  await alter(admin, writes, 'max.message.bytes', '300000')
  const log = await openKafkaLog(options, openPlatformaticClient)
  onTestFinished(() => log.close())
  const bytes = new Uint8Array(256 * 1024)
  const messages = Array.from({ length: 5 }, () => ({ shard: 0 as never, bytes, headers: {} }))
  expect(await log.publish(messages)).toEqual([0, 1, 2, 3, 4])
})

test('topics with fewer copies than survive the loss of a broker are opened, and warned of', async () => {
  const { options, admin } = someTopics()
  await createKafkaTopics(options)
  const warnings: string[] = []
  const open = async () => {
    warnings.length = 0
    const warn = (line: string) => warnings.push(line)
    const log = await openKafkaLog({ ...options, warn }, openPlatformaticClient)
    await log.close()
  }
  await open()
  // The test's broker is the only one.
  const both = `${options.topicPrefix}.writes and ${options.topicPrefix}.control`
  expect(warnings).toEqual([
    expect.stringContaining(`${both}: replication factor 1, expected at least 3`),
    expect.stringContaining(`${both}: min.insync.replicas=1, expected at least 2`),
  ])
  await alter(admin, `${options.topicPrefix}.writes`, 'min.insync.replicas', '2')
  await open()
  expect(warnings[1]).toMatch(/^\S+\.control: min\.insync\.replicas=1/)
})

test('a topic that an outdated copy may come to lead is opened, and warned of', async () => {
  const { options, admin, writes } = someTopics()
  await createKafkaTopics(options)
  await alter(admin, writes, 'unclean.leader.election.enable', 'true')
  const warnings: string[] = []
  const warn = (line: string) => warnings.push(line)
  const log = await openKafkaLog({ ...options, warn }, openPlatformaticClient)
  await log.close()
  const unclean = warnings.filter((line) => line.includes('unclean'))
  expect(unclean).toEqual([
    expect.stringContaining(`${writes}: unclean.leader.election.enable=true, expected false`),
  ])
})

test('a missing topic is named, and how to make it', async () => {
  const { options, admin } = someTopics()
  await createKafkaTopics(options)
  const status = `${options.topicPrefix}.status`
  await admin.deleteTopics({ topics: [status] })
  await expect(openKafkaLog(options, openPlatformaticClient)).rejects.toMatchObject({
    code: 'not_migrated',
    message: `The topic ${status} is missing: run \`npm run migrate\``,
  })
})

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
  'messages compressed with %s come back as they were',
  async (compression) => {
    const { options } = someTopics()
    await createKafkaTopics(options)
    const log = await openKafkaLog({ ...options, compression }, openPlatformaticClient)
    onTestFinished(() => log.close())
    const bytes = new TextEncoder().encode('{"title":"to be or not to be"}'.repeat(2000))
    const message = { shard: 1 as never, bytes, headers: { traceparent: '00-1-2-01' } }
    await log.publish([message, message])
    const reader = await log.open(1 as never, 0 as never)
    const pulled = await reader.pull(1, 10_000)
    expect(pulled).toEqual([{ offset: 0, bytes, headers: message.headers }])
  },
)
