import { setTimeout as wait } from 'node:timers/promises'
import type { Log } from '../../../core/log.ts'
import { offset, shardId } from '../../../core/position.ts'
import { confluentClient } from '../../../log/confluent-client.ts'
import { openKafkaLog } from '../../../log/kafka-log.ts'
import { openPlatformaticClient } from '../../../log/platformatic-client.ts'
import type { Fault } from '../fault.ts'
import type { FaultWorld } from '../world.ts'

/** As many as a client reads ahead of what is taken. */
const prefetched = 10_000
const messages = 3 * prefetched
const shard = shardId(0)

let logs: readonly Log[] = []

export const prefetchedPaused: Fault = {
  name: 'prefetched-paused',
  what: 'pull, pause and resume with 10,000 messages prefetched, by both clients',
  count: 100,
  inTests: { tries: 4 },
  stage: { workers: [], load: false, shards: 1 },
  async prepare(world) {
    logs = await openLogs(world)
    const bytes = new Uint8Array(20)
    for (let sent = 0; sent < messages; sent += prefetched) {
      await logs[0]!.publish(
        Array.from({ length: prefetched }, () => ({ shard, bytes, headers: {} })),
      )
    }
  },
  async attempt({ random }, n) {
    const from = random.between(0, prefetched)
    const reader = await logs[n % logs.length]!.open(shard, offset(from))
    let next = from
    const read = async (until: number) => {
      while (next < until) {
        for (const message of await reader.pull(random.between(1, 1000), 5000)) {
          if (message.offset !== next)
            throw new Error(`offset ${message.offset} instead of ${next}`)
          next++
        }
      }
    }
    await read(from + 1)
    // Nobody takes anything: the client fills up and pauses.
    await wait(random.between(50, 300))
    await read(from + prefetched)
    await wait(random.between(0, 50))
    await read(messages - random.between(0, prefetched / 2))
    await reader.close()
  },
  async clearAway() {
    await Promise.all(logs.map((log) => log.close()))
  },
}

async function openLogs({ deployment, servers }: FaultWorld): Promise<readonly Log[]> {
  const { brokers } = servers.kafka
  const options = { brokers, topicPrefix: deployment.prefix, partitions: 1 }
  return Promise.all([
    openKafkaLog(options, await confluentClient()),
    openKafkaLog(options, openPlatformaticClient),
  ])
}
