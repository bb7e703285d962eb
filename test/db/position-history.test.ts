import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { shardId } from '../../core/position.ts'
import type { ShardHistory } from '../../core/shard-store.ts'
import { grants } from '../../db/migration.ts'
import { MysqlStore } from '../../db/mysql-store.ts'
import { systemClock } from '../../runtime/clock.ts'
import { begin, storeError, TestSessions } from './test-sessions.ts'
import { logId, topic } from './test-shards.ts'

const shards = new TestSessions()
const log = { topic, logId }
const shard = shardId(0)
const open: ShardHistory[] = []

beforeAll(() => shards.setUp())
beforeEach(async () => {
  await shards.reset()
  await shards.query('DELETE FROM sluice_positions')
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((history) => history.close()))
})
afterAll(() => shards.drop())

async function historyOf(store = shards.store(), of = log): Promise<ShardHistory> {
  const history = await store.history(shard, of)
  open.push(history)
  return history
}

async function stand(at: number, operation = 0): Promise<void> {
  await shards.query(`UPDATE sluice_offsets SET next_offset = ${at}, next_operation = ${operation}`)
}

async function noteMany(count: number): Promise<void> {
  const rows = Array.from({ length: count }, (_, n) => `('${topic}', 0, '${logId}', NOW(3), ${n})`)
  await shards.query(
    `INSERT INTO sluice_positions (topic, partition_id, log_id, at, next_offset) VALUES ${rows.join()}`,
  )
}

test('what is noted is read in its order, with the database’s time, beside where the shard stands', async () => {
  const history = await historyOf()
  const startMs = Date.now()
  for (const at of [3, 5, 4]) {
    await stand(at)
    await history.note()
  }
  await stand(9, 4)
  const { nowMs, offset: stands, past } = await history.read()
  expect(stands).toBe(9)
  expect(past.map((note) => note.offset)).toEqual([3, 5, 4])
  const ids = past.map(({ id }) => id)
  expect(ids).toEqual(ids.toSorted((a, b) => a - b))
  for (const { atMs } of past) {
    expect(Math.abs(atMs - startMs)).toBeLessThan(5_000)
    expect(atMs).toBeLessThanOrEqual(nowMs)
  }
  await history.forget(past[1]!.id)
  expect((await history.read()).past).toEqual(past.slice(1))
})

test('neither waits for a window’s open transaction nor holds one up', async () => {
  const session = await shards.claim()
  const transaction = await begin(session)
  const history = await historyOf()
  // Not committed: the shard stands where it stood.
  const { offset: stands } = await history.read()
  expect(stands).toBe(0)
  await history.note()
  await transaction.commit()
  await (await begin(session, 1)).commit()
  expect(await history.read()).toMatchObject({ offset: 2, past: [{ offset: 0 }] })
})

test('notes of a log that was given up are not read, and are forgotten', async () => {
  await (await historyOf()).note()
  await shards.query("UPDATE sluice_offsets SET log_id = 'newer'")
  await shards.query(`INSERT INTO sluice_positions VALUES (NULL, 'other', 0, 'newer', NOW(3), 80)`)
  const history = await historyOf(shards.store(), { topic, logId: 'newer' })
  expect((await history.read()).past).toEqual([])
  await history.forget(0)
  const left = await shards.query('SELECT topic, next_offset FROM sluice_positions')
  expect(left).toEqual([{ topic: 'other', next_offset: '80' }])
})

test('however many there are, a bounded number is read, and forgotten at once', async () => {
  await noteMany(2500)
  const history = await historyOf()
  const { past } = await history.read()
  expect([past.length, past[0]!.offset, past.at(-1)!.offset]).toEqual([1000, 1500, 2499])
  const left = async () =>
    Number((await shards.query('SELECT COUNT(*) AS c FROM sluice_positions'))[0]!.c)
  const counts: number[] = []
  for (let i = 0; i < 3; i++) {
    await history.forget(past[0]!.id)
    counts.push(await left())
  }
  expect(counts).toEqual([1500, 1000, 1000])
})

test('a shard of another log, or of none, tells nothing', async () => {
  const other = await historyOf(shards.store(), { topic, logId: 'another' })
  await expect(other.read()).rejects.toEqual(
    storeError('stop', /log the-log, but .* is log another/),
  )
  const none = await historyOf(shards.store(), { topic: 'none', logId })
  await expect(none.read()).rejects.toEqual(
    storeError('stop', /its row for none, partition 0, in sluice_offsets is gone/),
  )
})

test('the account of a worker may do all of it', async () => {
  const account = `worker_${crypto.randomUUID().slice(0, 8)}`
  await shards.query(`CREATE USER '${account}'@'%'`)
  try {
    for (const grant of grants(shards.plan, shards.shards[0]!)) {
      if (grant.includes('sluice_worker'))
        await shards.query(grant.replace('sluice_worker', account))
    }
    const url = new URL(shards.shards[0]!.url)
    Object.assign(url, { username: account, password: '' })
    const { cluster, map } = shards.plan
    const history = await historyOf(
      new MysqlStore({ cluster, map, shards: [{ shard, url: url.href }], clock: systemClock }),
    )
    await history.note()
    const { past } = await history.read()
    await history.forget(past[0]!.id + 1)
    expect((await history.read()).past).toEqual([])
  } finally {
    await shards.query(`DROP USER '${account}'@'%'`)
  }
})
