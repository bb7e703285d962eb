import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { keyedJob, keyLifetimeMs } from '../../core/keyed-request.ts'
import type { Operation } from '../../core/operation.ts'
import { goodItem, partTables, typeOfTables } from './isolation-types.ts'
import { WorkerOnMysql } from './worker-on-mysql.ts'

// A worker on a real shard, and requests that are in the log more than once.

const shard = new WorkerOnMysql(1, partTables, [typeOfTables(1)])
const patient = { timeout: 20_000, interval: 20 }

beforeAll(() => shard.setUp())
afterEach(async () => {
  await shard.reset()
  for (const table of ['part_0', 'sluice_requests', 'sluice_outcomes']) {
    await shard.query(`DELETE FROM ${table}`)
  }
})
afterAll(() => shard.drop())

// Old rows go by the worker's clock where that is behind.
const publishedAtMs = Date.now() - 3 * keyLifetimeMs
const digest = 'a'.repeat(43)
const keyed = (values: { key?: string; digest?: string; atMs?: number } = {}) => ({
  ...{ key: 'k', digest, ...values },
  publishedAtMs: values.atMs ?? publishedAtMs,
})

/** Creates of items, each incremented by one, so that the sum tells what ran twice. */
function telling(count: number): Operation[] {
  const items = Array.from({ length: count }, (_, i) => goodItem(i, 1))
  const creates = items.map((object, index) => ({
    index,
    type: 'item',
    kind: 'create' as const,
    object,
  }))
  const increments = items.map(({ id, userId }, i) => ({
    ...{ index: count + i, type: 'item', kind: 'increment' as const },
    ...{ object: { id: id!, userId: userId! }, by: { n0: 1 } },
  }))
  return [...creates, ...increments]
}

async function sums() {
  const [row] = await shard.query('SELECT COUNT(*) AS items, SUM(n) AS n FROM part_0')
  return { items: Number(row!.items), n: Number(row!.n) }
}

const drained = () => expect.poll(() => shard.isDrained(), patient).toBe(true)

test('copies in messages and windows of other sizes take effect once', async () => {
  await shard.send(telling(3000).slice(0, 4500), { messageOperations: 700, keyed: keyed() })
  await shard.send(telling(3000), {
    messageOperations: 333,
    keyed: keyed({ atMs: publishedAtMs + 1 }),
  })
  await shard.start(typeOfTables(1, 250), { maxWindowStatements: 3 })
  await drained()
  expect(await sums()).toEqual({ items: 3000, n: 6000 })
  await shard.send(telling(3000), { keyed: keyed({ atMs: publishedAtMs + 2 }) })
  await drained()
  expect(await sums()).toEqual({ items: 3000, n: 6000 })
  expect(await shard.failures()).toEqual({})
  const rows = await shard.query(
    'SELECT block, BIT_COUNT(done) AS done, published_at FROM sluice_requests ORDER BY block',
  )
  expect(rows.map(({ block, done }) => [block, Number(done)])).toEqual([
    ...[0, 1, 2, 3, 4].map((block) => [block, 1024]),
    [5, 6000 - 5 * 1024],
  ])
  expect(new Set(rows.map((row) => Number(row.published_at)))).toEqual(new Set([publishedAtMs]))
})

test('a copy that takes its place beside bad rows finds them settled, and changes no count', async () => {
  const operations = telling(50)
  operations[7] = {
    ...operations[7]!,
    object: { ...operations[7]!.object, title0: 'x'.repeat(101) },
  }
  await shard.send(operations, { keyed: keyed() })
  await shard.send(operations, { messageOperations: 9, keyed: keyed({ atMs: publishedAtMs + 1 }) })
  await shard.start(typeOfTables(1))
  await drained()
  expect(await sums()).toEqual({ items: 49, n: 98 })
  expect(await shard.failures()).toEqual({ [keyedJob('k', digest)]: 2 })
})

test('another body fails whole under a job of its own, and is told why', async () => {
  const other = 'b'.repeat(43)
  await shard.send(telling(5), { keyed: keyed() })
  await shard.send(telling(900), { messageOperations: 100, keyed: keyed({ digest: other }) })
  await shard.start(typeOfTables(1))
  await drained()
  expect(await sums()).toEqual({ items: 5, n: 10 })
  expect(await shard.failures()).toEqual({ [keyedJob('k', other)]: 1800 })
  const [row] = await shard.query('SELECT DISTINCT code, message FROM sluice_failures')
  expect(row).toMatchObject({
    code: 'idempotency_key_reused',
    message: expect.stringContaining('use a new key for each request'),
  })
})

test('24 hours later a key begins anew, and clears what its job left; older keys are forgotten', async () => {
  const job = keyedJob('k', digest)
  const operations = telling(10).slice(10)
  await shard.start(typeOfTables(1))
  await shard.send(operations, { keyed: keyed() })
  await shard.send(telling(1).slice(0, 1), { keyed: keyed({ key: 'old', atMs: publishedAtMs }) })
  await drained()
  expect(await shard.failures()).toEqual({ [job]: 10 })
  await shard.query(`INSERT INTO sluice_outcomes (job, superseded) VALUES ('${job}', 3)`)

  await shard.send(operations, { keyed: keyed({ atMs: publishedAtMs + keyLifetimeMs - 1 }) })
  await drained()
  expect(await shard.failures()).toEqual({ [job]: 10 })
  await shard.send(operations, { keyed: keyed({ atMs: publishedAtMs + keyLifetimeMs }) })
  await drained()
  // Of the first item alone, which is there now, the increment applies.
  expect(await shard.failures()).toEqual({ [job]: 9 })
  expect(await sums()).toEqual({ items: 1, n: 2 })
  expect(await shard.query('SELECT * FROM sluice_outcomes')).toEqual([])
  const keys = async () =>
    (await shard.query('SELECT request_key AS k FROM sluice_requests ORDER BY k')).map(({ k }) => k)
  expect(await keys()).toEqual(['k', 'old'])
  const later = publishedAtMs + keyLifetimeMs + 3_600_001
  await shard.send(telling(1).slice(1), { keyed: keyed({ key: 'new', atMs: later }) })
  await drained()
  expect(await keys()).toEqual(['k', 'new'])
})
