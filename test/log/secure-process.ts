import process from 'node:process'
import { openKafkaLog } from '../../log/kafka-log.ts'
import type { KafkaOptions } from '../../log/kafka-options.ts'
import { createKafkaTopics } from '../../log/kafka-topics.ts'
import { assigned, at, message, pullAll, shard, textOf } from '../contract/log-steps.ts'
import { clientOf, type KafkaClientName } from './open-log.ts'

// Uses a log in each way once, and writes a line of JSON: what came back, or what kept it from it.
//   node test/log/secure-process.ts <client> <options as JSON>

const [client, given] = process.argv.slice(2)
const options: KafkaOptions = JSON.parse(given!)
const startMs = performance.now()
try {
  const read = await useOnce()
  console.log(JSON.stringify({ read }))
} catch (error) {
  const ms = performance.now() - startMs
  console.log(JSON.stringify({ error: (error as Error).message, ms }))
}
process.exit(0)

async function useOnce(): Promise<string> {
  await createKafkaTopics(options)
  const log = await openKafkaLog(options, await clientOf(client as KafkaClientName))
  await log.publish([message(0, 'secret')])
  const [found] = await pullAll(await log.open(shard(0), at(0)), 1)
  const member = await log.join()
  await assigned(member, ({ shards }) => shards.length === options.partitions)
  await member.commit(shard(0), at(1))
  await member.leave()
  await log.status.put(shard(0), 'idle')
  await log.status.read()
  await log.close()
  return textOf(found!)
}
