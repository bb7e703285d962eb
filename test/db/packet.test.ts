import { bigint, longtext, mysqlTable } from 'drizzle-orm/mysql-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Operation, operationKinds } from '../../core/operation.ts'
import { shardId } from '../../core/position.ts'
import { compileTypes } from '../../db/types/object-type.ts'
import { ownMysql } from '../e2e/own-servers.ts'
import { storeError } from './test-sessions.ts'
import { at, claimOf } from './test-shards.ts'
import { WorkerOnMysql } from './worker-on-mysql.ts'

// Servers that take small packets, and large ones.

const server = ownMysql('--max-allowed-packet=65536')
let shard: WorkerOnMysql

const id = (name: string) => bigint(name, { mode: 'bigint', unsigned: true })
const texts = mysqlTable('texts', { id: id('id').primaryKey(), body: longtext().notNull() })
const rowsPerStatement = { create: 1000, upsert: 1000, update: 1000, increment: 1000, delete: 1000 }
const type = compileTypes(
  [
    {
      ...{ name: 'text', key: ['id'], ordered: false, rowsPerStatement },
      shardBy: {
        ...{ name: 'id', properties: ['id'], needsIntegers: false, isTotal: true },
        shardOf: () => 0,
      },
      tables: [{ table: texts, map: {}, on: operationKinds }],
    },
  ],
  1,
  (problem) => {
    throw new Error(problem)
  },
).get('text')!

const patient = { timeout: 20_000, interval: 50 }
const messageBytes = 24 * 1024

beforeAll(async () => {
  shard = new WorkerOnMysql(1, [texts], [type], server().url)
  await shard.setUp()
})
afterAll(() => shard.drop())

function creates(count: number, firstId: number, body: string): Operation[] {
  return Array.from({ length: count }, (_, index) => {
    const object = { id: String(firstId + index), body }
    return { index, type: 'text', kind: 'create', object }
  })
}

async function rows(): Promise<number> {
  const [row] = await shard.query('SELECT COUNT(*) AS c FROM texts')
  return Number(row!.c)
}

test('a server that takes 64 KiB gets more and smaller statements, failures among them', async () => {
  await shard.query("INSERT INTO texts VALUES (5, 'mine'), (6, 'mine')")
  // In bytes three times what they are in characters.
  await shard.send(creates(600, 0, '€'.repeat(300)), { messageBytes })
  await shard.send(creates(3, 1000, '"'.repeat(11_000)), { messageBytes })
  await shard.send(creates(300, 0, 'again'.repeat(20)), { messageBytes })
  await shard.start(type, { failingAlikeJobs: 0 })
  await expect.poll(() => shard.isDrained(), patient).toBe(true)
  expect(await rows()).toBe(603)
  expect(await shard.failures()).toEqual({ 'job 0': 2, 'job 2': 300 })
  expect(shard.alerts).toEqual([])
})

test('a limit that is lowered under a running worker makes its statements smaller', async () => {
  await shard.reset()
  await shard.query('DELETE FROM texts')
  await shard.query('SET GLOBAL max_allowed_packet = 1048576')
  await shard.start(type)
  await shard.send(creates(50, 0, 'a'.repeat(2000)))
  await expect.poll(rows, patient).toBe(50)
  await shard.query('SET GLOBAL max_allowed_packet = 65536')
  // A session keeps the limit that it began with.
  const [worker] = await shard.query(
    "SELECT processlist_id AS id FROM performance_schema.session_connect_attrs WHERE attr_name = 'sluice_shard' AND processlist_id <> CONNECTION_ID()",
  )
  await shard.query(`KILL ${worker!.id}`)
  await shard.send(creates(500, 100, 'a'.repeat(2000)))
  await expect.poll(rows, patient).toBe(550)
  expect(await shard.failures()).toEqual({})
})

test('a statement above the limit is told before it is sent, and the session goes on', async () => {
  await shard.reset()
  const session = await shard.store().claim(shardId(0), { ...claimOf(), logId: 'log-1' })
  const statement = (body: string) => ({
    ...{ type, effect: 'create' as const, table: 0 },
    rows: [{ set: { id: '9000', body } }],
  })
  const first = await session.begin(at(0), at(1))
  if (first === 'fenced') throw new Error('fenced')
  await expect(first.run(statement('x'.repeat(70_000)))).rejects.toEqual(
    storeError('too_large', /max_allowed_packet of 65536/),
  )
  const second = await session.begin(at(0), at(1))
  if (second === 'fenced') throw new Error('fenced')
  expect(await second.run(statement('x'))).toEqual({ kind: 'done' })
  await second.commit()
  await session.close()
})

test('a server that takes 1 GiB gets a statement of 20 MiB', { timeout: 60_000 }, async () => {
  await shard.reset()
  await shard.query('DELETE FROM texts')
  await shard.query('SET GLOBAL max_allowed_packet = 1073741824')
  await shard.send(creates(1000, 0, 'x'.repeat(20_000)))
  await shard.start(type, { pullSize: 200, maxWindowStatements: 1 })
  await expect.poll(rows, { timeout: 50_000, interval: 100 }).toBe(1000)
  expect(await shard.failures()).toEqual({})
})
