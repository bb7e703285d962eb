import { Admin } from '@platformatic/kafka'
import { shardId } from '../../../core/position.ts'
import { KafkaCluster } from '../../../log/kafka-cluster.ts'
import { openKafkaLog } from '../../../log/kafka-log.ts'
import { kafkaSettings } from '../../../log/kafka-options.ts'
import { createKafkaTopics } from '../../../log/kafka-topics.ts'
import { openPlatformaticClient } from '../../../log/platformatic-client.ts'
import { eventually } from '../eventually.ts'
import type { Fault } from '../fault.ts'
import { allShards, isRefused, nothingIsWritten, workersSay } from '../standstill.ts'
import type { FaultWorld } from '../world.ts'

/** Above where any shard stands by then. */
const newMessages = 5000
const goneLimitMs = 10_000

export const topicRecreated: Fault = {
  name: 'topic-recreated',
  what: 'the topic deleted and made anew, grown past the old positions: stopped, said, nothing written',
  count: 1,
  async attempt(world) {
    await world.settled()
    const watched = nothingIsWritten(world, allShards(world))
    await makeAnew(world)
    await watched
    for (const shard of allShards(world)) {
      await workersSay(world, new RegExp(`ALERT shard_stopped_log_recreated on shard ${shard}: `))
    }
    await nothingIsWritten(world, allShards(world))
    await isRefused(world, 'worker', /stands at offset \d+ of log \S+, but \S+ is log/)
    await nothingIsWritten(world, allShards(world))
  },
}

async function makeAnew({ deployment, servers }: FaultWorld): Promise<void> {
  const { prefix, databases } = deployment
  const brokers = [...servers.kafka.brokers]
  const admin = new Admin({ clientId: 'faults', bootstrapBrokers: brokers, retries: 5 })
  const topics = ['writes', 'control', 'status'].map((name) => `${prefix}.${name}`)
  await admin.deleteTopics({ topics })
  await admin.close()
  const options = { brokers, topicPrefix: prefix, partitions: databases.length }
  const cluster = new KafkaCluster(kafkaSettings(options).client)
  await eventually('the topics are gone', goneLimitMs, async () => {
    const found = await Promise.all(topics.map((topic) => cluster.topic(topic)))
    return found.every((topic) => topic === undefined)
  })
  await cluster.close()
  await createKafkaTopics(options)
  const log = await openKafkaLog(options, openPlatformaticClient)
  const bytes = new TextEncoder().encode('of another log')
  for (const [shard] of databases.entries()) {
    const message = { shard: shardId(shard), bytes, headers: {} }
    await log.publish(Array.from({ length: newMessages }, () => message))
  }
  await log.close()
}
