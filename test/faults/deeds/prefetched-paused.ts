import { setTimeout as wait } from 'node:timers/promises'
import type { Log, PartitionReader } from '../../../core/log.ts'
import { offset, shardId } from '../../../core/position.ts'
import { confluentClient } from '../../../log/confluent-client.ts'
import { openKafkaLog } from '../../../log/kafka-log.ts'
import { openPlatformaticClient } from '../../../log/platformatic-client.ts'
import type { Fault } from '../fault.ts'
import type { Random } from '../random.ts'
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
    const log = logs[n % logs.length]!
    const from = random.between(0, prefetched)
    const ahead = await InOrder.open(log, from, random)
    await ahead.read(from + 1)
    // Nobody takes anything: the client fills up and pauses.
    await wait(random.between(50, 300))
    await ahead.read(from + prefetched)
    await wait(random.between(0, 50))
    await ahead.read(messages - random.between(0, prefetched / 2))
    await ahead.close()
    // Back to where a shard stands, with all that on its way; one more comes meanwhile.
    const back = await InOrder.open(log, random.between(0, from), random)
    await log.publish([{ shard, bytes: new Uint8Array(20), headers: {} }])
    await back.read(from + prefetched)
    await back.close()
  },
  async clearAway() {
    await Promise.all(logs.map((log) => log.close()))
  },
}

/** Reads a partition, and demands that no message is left out or comes twice. */
class InOrder {
  readonly #reader: PartitionReader
  readonly #random: Random
  #next: number

  private constructor(reader: PartitionReader, from: number, random: Random) {
    this.#reader = reader
    this.#next = from
    this.#random = random
  }

  static async open(log: Log, from: number, random: Random): Promise<InOrder> {
    return new InOrder(await log.open(shard, offset(from)), from, random)
  }

  async read(until: number): Promise<void> {
    while (this.#next < until) {
      for (const message of await this.#reader.pull(this.#random.between(1, 1000), 5000)) {
        if (message.offset !== this.#next)
          throw new Error(`offset ${message.offset} instead of ${this.#next}`)
        this.#next++
      }
    }
  }

  close(): Promise<void> {
    return this.#reader.close()
  }
}

async function openLogs({ deployment, servers }: FaultWorld): Promise<readonly Log[]> {
  const { brokers } = servers.kafka
  const options = { brokers, topicPrefix: deployment.prefix, partitions: 1 }
  return Promise.all([
    openKafkaLog(options, await confluentClient()),
    openKafkaLog(options, openPlatformaticClient),
  ])
}
