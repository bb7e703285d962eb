import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Operation } from '../../core/operation.ts'
import { goodItem, partTables, typeOfTables } from './isolation-types.ts'
import { WorkerOnMysql } from './worker-on-mysql.ts'

// A worker on a real shard, and rows that fail.

const shard = new WorkerOnMysql(1, partTables, [typeOfTables(8)])
const patient = { timeout: 20_000, interval: 50 }

beforeAll(() => shard.setUp())
afterEach(async () => {
  await shard.reset()
  await shard.query('ALTER TABLE part_0 MODIFY title VARCHAR(100)')
  for (const n of partTables.keys()) await shard.query(`DELETE FROM part_${n}`)
})
afterAll(() => shard.drop())

function creates(count: number, firstId: number, tables = 1, title = '1'): Operation[] {
  return Array.from({ length: count }, (_, index) => {
    const object = { ...goodItem(firstId + index, tables), title0: title }
    return { index, type: 'item', kind: 'create', object }
  })
}

async function rows(): Promise<number> {
  const [row] = await shard.query('SELECT COUNT(*) AS c FROM part_0')
  return Number(row!.c)
}

const tooLong = 'eleven char'
const narrow = 'ALTER TABLE part_0 MODIFY title VARCHAR(10)'

test('one operation over eight tables is a window, though windows have four statements', async () => {
  await shard.send(creates(3, 0, 8))
  await shard.start(typeOfTables(8), { maxWindowStatements: 4 })
  await expect.poll(() => shard.isDrained(), patient).toBe(true)
  for (const n of partTables.keys()) {
    expect(await shard.query(`SELECT id FROM part_${n}`)).toHaveLength(3)
  }
  expect(await shard.failures()).toEqual({})
})

test('a column narrowed while several jobs wait stops the shard; widened again all is applied', {
  timeout: 60_000,
}, async () => {
  await shard.query(narrow)
  for (let job = 0; job < 3; job++) await shard.send(creates(300, job * 300, 1, tooLong))
  await shard.start(typeOfTables(1))
  await expect.poll(() => shard.reason, patient).toBe('stopped')
  expect(shard.alerts).toMatchObject([
    {
      code: 'shard_stopped_failing_alike',
      message: expect.stringMatching(
        /^3 jobs or more fail alike, beyond their credit: item: a value is too long: column title \(too_long\)\. Nothing of it is recorded/,
      ),
    },
  ])
  const recorded = await shard.failures()
  const beyond = Object.values(recorded).filter((failed) => failed > 100)
  expect(beyond.length).toBeLessThan(3)
  // It looks again several times meanwhile.
  await new Promise((resolve) => setTimeout(resolve, 1500))
  expect(await shard.failures()).toEqual(recorded)

  await shard.query('ALTER TABLE part_0 MODIFY title VARCHAR(100)')
  await expect.poll(() => shard.isDrained(), patient).toBe(true)
  expect(await shard.failures()).toEqual(recorded)
  const failed = Object.values(recorded).reduce((sum, count) => sum + count, 0)
  expect(await rows()).toBe(900 - failed)
})

test('one job alone is at fault itself: exactly its bad rows fail', async () => {
  await shard.query(narrow)
  await shard.send(creates(300, 0, 1, tooLong))
  await shard.send(creates(300, 300))
  await shard.start(typeOfTables(1))
  await expect.poll(() => shard.isDrained(), patient).toBe(true)
  expect(await shard.failures()).toEqual({ 'job 0': 300 })
  expect(await rows()).toBe(300)
  expect(shard.alerts).toEqual([])
})

test('the window after bad rows waits for the statements that they took', async () => {
  const bad = creates(1000, 0)
  // An object in a scalar: JSON_TABLE names no row, and the search takes 12 statements more.
  bad[500] = { ...bad[500]!, object: { ...bad[500]!.object, title0: { a: 1 } } }
  await shard.send(bad)
  await shard.send(creates(1, 1000))
  await shard.start(typeOfTables(1), { statementsPerSecond: 10, pullSize: 1 })
  await expect.poll(rows, { timeout: 20_000, interval: 5 }).toBe(999)
  const appliedMs = performance.now()
  await expect.poll(rows, { timeout: 20_000, interval: 5 }).toBe(1000)
  expect(performance.now() - appliedMs).toBeGreaterThan(700)
  expect(await shard.failures()).toEqual({ 'job 0': 1 })
})
