import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterAll, describe, inject, test } from 'vitest'
import { startWorker, type Worker } from '../../consumer/worker.ts'
import type { Alert } from '../../core/alerts.ts'
import type { Log } from '../../core/log.ts'
import { shardId } from '../../core/position.ts'
import { confluentClient } from '../../log/confluent-client.ts'
import { openKafkaLog } from '../../log/kafka-log.ts'
import { createKafkaTopics } from '../../log/kafka-topics.ts'
import { createSqliteLog, openSqliteLog } from '../../log/sqlite-log.ts'
import { systemClock } from '../../runtime/clock.ts'
import { reportError } from '../../runtime/report-error.ts'
import { batchByShard } from '../support/batch-by-shard.ts'
import { goodItem, partTables, typeOfTables } from './isolation-types.ts'
import { TestShards } from './test-shards.ts'
import { workerLimits } from './worker-on-mysql.ts'

// A worker on real shards and a real log, which keeps what is applied for some seconds.

const partitions = 2
const retainMs = 4_000
const patient = { timeout: 20_000, interval: 50 }
const type = typeOfTables(1)
const backedUp = ['part_0', 'sluice_offsets', 'sluice_positions']

const logs = {
  'the embedded log': openEmbedded,
  Kafka: openOnKafka,
}

async function openEmbedded() {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-retention-'))
  const path = join(folder, 'log.sqlite')
  createSqliteLog({ path, partitions, topicPrefix: 'retention' })
  const log = openSqliteLog({ path, partitions, owner: 'a test' })
  return { log, remove: () => rmSync(folder, { recursive: true }) }
}

async function openOnKafka() {
  const topicPrefix = `retention-${crypto.randomUUID()}`
  const options = { brokers: inject('kafkaBrokers'), topicPrefix, partitions }
  await createKafkaTopics(options)
  return { log: await openKafkaLog(options, await confluentClient()), remove: () => {} }
}

/** Two shards, their log and a worker. */
class Deployment extends TestShards {
  readonly alerts: Alert[] = []
  readonly log: Log
  #worker: Worker | undefined
  #ids = 0

  constructor(log: Log) {
    super(partitions, [partTables[0]!], [type])
    this.log = log
    Object.assign(this.plan, { topic: log.topic, logId: log.logId })
  }

  async start(): Promise<void> {
    await this.migrate()
    this.#worker = await startWorker({
      log: this.log,
      store: this.store(),
      types: new Map([[type.name, type]]),
      checksum: crc32,
      clock: systemClock,
      alerts: { raise: (alert) => this.alerts.push(alert) },
      limits: { ...workerLimits, retainHours: retainMs / 3_600_000 },
      owner: 'a test',
      newEpoch: () => crypto.randomUUID(),
      reportError,
      shardLimits: () => ({ statementsPerSecond: 1000, pullSize: 10, rowsPerSecond: Infinity }),
    })
  }

  async stop(): Promise<void> {
    await this.#worker?.stop()
    await this.log.close()
    await this.drop()
  }

  /** So many messages of ten objects each. */
  async send(shard: number, messages: number): Promise<void> {
    const operations = Array.from({ length: messages * 10 }, (_, index) => ({
      ...{ index, type: 'item', kind: 'create' as const },
      object: { ...goodItem(this.#ids++, 1), title0: 'a' },
    }))
    const { messages: batched } = batchByShard(operations, {
      ...{ job: crypto.randomUUID(), tenant: 'tests', checksum: crc32 },
      limits: { operations: 10, bytes: 256 * 1024 },
      shardOf: () => shardId(shard),
    })
    await this.log.publish(batched.map((message) => ({ ...message, headers: {} })))
  }

  async stands(shard: number): Promise<number> {
    const [row] = await this.query('SELECT next_offset FROM sluice_offsets', shard)
    return Number(row!.next_offset)
  }

  async earliest(shard: number): Promise<number> {
    return (await this.log.bounds(shardId(shard))).earliest
  }

  async rows(shard: number): Promise<number> {
    const [row] = await this.query('SELECT COUNT(*) AS c FROM part_0', shard)
    return Number(row!.c)
  }

  async backUp(shard: number): Promise<void> {
    for (const table of backedUp) {
      await this.query(`CREATE TABLE backup_${table} AS SELECT * FROM ${table}`, shard)
    }
  }

  /** All tables go back at once, as where a whole database is restored. */
  async restore(shard: number): Promise<void> {
    const connection = await this.connect(shard)
    await connection.beginTransaction()
    for (const table of backedUp) {
      await connection.query(`DELETE FROM ${table}`)
      await connection.query(`INSERT INTO ${table} SELECT * FROM backup_${table}`)
    }
    await connection.commit()
  }
}

const running: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const stop of running) await stop()
})

describe.concurrent.each(Object.entries(logs))('behind a shard, %s', (_, open) => {
  test('lets go of what was applied long ago, keeps what waits, and what a restored database applies again', {
    timeout: 60_000,
  }, async ({ expect }) => {
    const { log, remove } = await open()
    const world = new Deployment(log)
    running.push(async () => {
      await world.stop()
      remove()
    })
    await world.start()
    // Shard 1 stands still with messages that nobody applies.
    await world.send(1, 3)
    await expect.poll(() => world.stands(1), patient).toBe(3)
    await world.query('RENAME TABLE part_0 TO away', 1)
    await world.send(1, 3)

    await world.send(0, 5)
    await expect.poll(() => world.stands(0), patient).toBe(5)
    const appliedMs = performance.now()
    await expect.poll(() => world.earliest(0), patient).toBe(5)
    expect(performance.now() - appliedMs).toBeGreaterThan(retainMs - 500)
    await expect.poll(() => world.earliest(1), patient).toBe(3)

    await world.send(0, 5)
    await expect.poll(() => world.stands(0), patient).toBe(10)
    await world.backUp(0)
    await world.send(0, 5)
    await expect.poll(() => world.stands(0), patient).toBe(15)
    // A few rounds of the trimmer, with a state that is older than nothing but them.
    await new Promise((resolve) => setTimeout(resolve, retainMs / 2))
    await world.restore(0)
    expect(await world.rows(0)).toBe(100)
    await world.send(0, 1)
    await expect.poll(() => world.stands(0), patient).toBe(16)
    expect(await world.rows(0)).toBe(160)

    await expect.poll(() => world.earliest(0), patient).toBe(16)
    expect(await world.earliest(1)).toBe(3)
    await world.query('RENAME TABLE away TO part_0', 1)
    await expect.poll(() => world.stands(1), patient).toBe(6)
    expect(await world.rows(1)).toBe(60)
    expect(world.alerts.map(({ shard, code }) => [shard, code])).toEqual([
      [1, 'shard_stopped_database'],
    ])
  })
})
