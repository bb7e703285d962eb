// Publishes messages through one client with one compression and reads them back, then tells what
// that took.
//   node test/bench/compression-process.ts <client> <compression> <payload> <rows> <broker> <prefix>

import process from 'node:process'
import type { Log } from '../../core/log.ts'
import { offset, shardId } from '../../core/position.ts'
import { openKafkaLog } from '../../log/kafka-log.ts'
import type { KafkaCompression } from '../../log/kafka-options.ts'
import { createKafkaTopics } from '../../log/kafka-topics.ts'
import { type KafkaClientName, loadKafkaClient } from '../../wiring/kafka-client.ts'
import { compressionMessages, type Payload } from './compression-messages.ts'

export interface CompressionFigures {
  readonly messages: number
  /** Of the payloads, before compression. */
  readonly bytes: number
  readonly publish: Cost
  readonly read: Cost
}

interface Cost {
  readonly seconds: number
  /** User and system time of this process, the client's own threads included. */
  readonly cpuSeconds: number
}

const messagesAtOnce = 10
const [client, compression, payload, rows, broker, topicPrefix] = process.argv.slice(2)
const messages = compressionMessages(payload as Payload, Number(rows))
const brokers = [broker!]
const options = { brokers, topicPrefix: topicPrefix!, partitions: 1 }
await createKafkaTopics(options)
const openClient = await loadKafkaClient({
  brokers,
  client: client as KafkaClientName,
  tlsCaFile: undefined,
  sasl: undefined,
})
const log = await openKafkaLog(
  { ...options, compression: compression as KafkaCompression },
  openClient,
)
// Connections, producer ids and warm code are no part of it.
await log.publish(messages.slice(0, messagesAtOnce))
await read(log, messagesAtOnce)
const publish = await measure(async () => {
  for (let from = 0; from < messages.length; from += messagesAtOnce) {
    await log.publish(messages.slice(from, from + messagesAtOnce))
  }
})
const figures: CompressionFigures = {
  messages: messages.length,
  bytes: messages.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
  publish,
  read: await measure(() => read(log, messages.length)),
}
await log.close()
console.log(JSON.stringify(figures))
process.exit(0)

async function read(from: Log, count: number): Promise<void> {
  const reader = await from.open(shardId(0), offset(0))
  for (let taken = 0; taken < count; ) taken += (await reader.pull(20, 1000)).length
  await reader.close()
}

async function measure(work: () => Promise<void>): Promise<Cost> {
  const startMs = performance.now()
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return { seconds: (performance.now() - startMs) / 1000, cpuSeconds: (user + system) / 1e6 }
}
