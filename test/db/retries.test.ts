import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { RetriedFailure, RetryVerdict } from '../../core/shard-store.ts'
import { TestWindows } from './test-windows.ts'

const shards = new TestWindows()

beforeAll(() => shards.setUp())
beforeEach(async () => {
  await shards.reset()
  await shards.query('DELETE FROM sluice_failures')
})
afterAll(() => shards.drop())

const id = (job: string, operation: number): RetriedFailure => ({ job, operation, retry: 'r' })

async function fail(...ids: readonly RetriedFailure[]): Promise<void> {
  const rows = ids.map(
    ({ job, operation }) =>
      `('${job}', ${operation}, 'pin', 'create', 'not_found', 'why', UTC_TIMESTAMP(3))`,
  )
  await shards.query(
    `INSERT INTO sluice_failures (job, operation, type, op, code, message, at) VALUES ${rows.join()}`,
  )
}

async function mark(ids: readonly RetriedFailure[], end: 'commit' | 'rollback' = 'commit') {
  const transaction = await shards.open()
  const verdicts: readonly RetryVerdict[] = await transaction.markRetried(ids)
  if (end === 'commit') await shards.commit(transaction)
  else await transaction.rollback()
  return verdicts
}

test('a failure is sent again once, by its exact job', async () => {
  await fail(id('a', 1), id('a', 2), id('A', 1), id('b', 2 ** 40))
  expect(await mark([id('a', 2), id('a', 3), id('b', 2 ** 40)])).toEqual(['first', 'gone', 'first'])
  expect(await mark([id('a', 1), id('a', 2), id('A', 1), id('a ', 1)])).toEqual([
    ...['first', 'again', 'first', 'gone'],
  ])
  expect(await mark([])).toEqual([])
  const marked = 'SELECT COUNT(*) AS marked FROM sluice_failures WHERE retried_at IS NOT NULL'
  expect(await shards.query(marked)).toEqual([{ marked: '4' }])
})

test('what stands under a retry’s id from an earlier use goes where it begins, and only then', async () => {
  const left = ['r', 'other'].flatMap((job) => [id(job, 1), id(job, 2), id(job, 7)])
  await fail(id('a', 2), id('a', 3), ...left)
  await shards.query("INSERT INTO sluice_outcomes VALUES ('r', 5, 6)")
  const kept = `SELECT CONCAT(job, operation) AS id FROM sluice_failures WHERE job <> 'a' ORDER BY id`
  const ids = async () => (await shards.query(kept)).map(({ id }) => id)
  expect(await mark([id('a', 3)])).toEqual(['first'])
  expect(await ids()).toEqual(['other1', 'other2', 'other7', 'r1', 'r2', 'r7'])
  expect(await mark([id('a', 2), id('a', 3), id('a', 4)])).toEqual(['first', 'again', 'gone'])
  expect(await ids()).toEqual(['other1', 'other2', 'other7'])
  expect(await shards.query('SELECT * FROM sluice_outcomes')).toEqual([])
})

test('what is rolled back was not sent', async () => {
  await fail(id('a', 1))
  expect(await mark([id('a', 1)], 'rollback')).toEqual(['first'])
  expect(await mark([id('a', 1)])).toEqual(['first'])
})

test('many failures are marked in parts, and only theirs are locked', async () => {
  const many = Array.from({ length: 12_000 }, (_, i) => id('a', i))
  await fail(...many, id('b', 1))
  const transaction = await shards.open()
  expect(new Set(await transaction.markRetried(many))).toEqual(new Set(['first']))
  const locked = await shards.query(
    "SELECT COUNT(DISTINCT lock_data) AS rows_locked FROM performance_schema.data_locks WHERE object_schema = DATABASE() AND object_name = 'sluice_failures' AND lock_type = 'RECORD'",
  )
  expect(locked).toEqual([{ rows_locked: '12000' }])
  await shards.commit(transaction)
  expect(new Set(await mark(many))).toEqual(new Set(['again']))
})
