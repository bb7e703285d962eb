import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { keyLifetimeMs } from '../../core/keyed-request.ts'
import type { RequestBlock } from '../../core/request-blocks.ts'
import { blockBytes } from '../../core/request-blocks.ts'
import type { WindowRecords } from '../../core/shard-store.ts'
import { selectBlocks } from '../../db/requests.ts'
import { storeError } from './test-sessions.ts'
import { TestWindows } from './test-windows.ts'

const shards = new TestWindows()

beforeAll(() => shards.setUp())
beforeEach(async () => {
  await shards.reset()
  for (const table of ['requests', 'failures', 'outcomes']) {
    await shards.query(`DELETE FROM sluice_${table}`)
  }
})
afterAll(() => shards.drop())

const done = (...bytes: number[]) =>
  Uint8Array.from({ length: blockBytes }, (_, i) => bytes[i] ?? 0)
const block = (values: Partial<RequestBlock> = {}): RequestBlock => ({
  ...{ tenant: 't', key: 'k', block: 0, digest: 'd'.repeat(43) },
  ...{ publishedAtMs: 1_795_489_445_123, done: done(1, 255, 0, 128) },
  ...values,
})
const records = (
  blocks: readonly RequestBlock[],
  forget?: { beforeMs: number; rows: number },
): WindowRecords => ({
  ...{ failed: [], undecodable: [], superseded: new Map(), cancelled: new Map() },
  requests: { blocks, ...(forget && { forget }) },
})

async function record(window: WindowRecords): Promise<void> {
  const transaction = await shards.open()
  await transaction.record(window)
  await shards.commit(transaction)
}

async function read(...blocks: readonly RequestBlock[]): Promise<readonly RequestBlock[]> {
  const transaction = await shards.open()
  const found = await transaction.readRequests(blocks)
  await transaction.rollback()
  return found
}

const keysLeft = async () =>
  (await shards.query('SELECT request_key AS k FROM sluice_requests ORDER BY k')).map(({ k }) => k)

describe('keyed requests', () => {
  test('are found as they were written, and only those asked for', async () => {
    const written = [
      block(),
      block({ block: 4_000_000, done: done(7) }),
      block({ tenant: 'é \u{1f600}', key: 'k'.repeat(255) }),
      block({ key: '"}],[' }),
    ]
    await record(records(written))
    expect(await read(...written)).toEqual(expect.arrayContaining(written))
    expect(await read(written[1]!, block({ block: 1 }), block({ tenant: 'u' }))).toEqual([
      written[1],
    ])
  })

  test.each([
    ['case', 'K'],
    ['accents', 'k\u0301'],
    ['a space at the end', 'k '],
  ])('differ by %s', async (_, key) => {
    await record(records([block()]))
    expect(await read(block({ key }))).toEqual([])
  })

  test('written again are as they were written last', async () => {
    await record(records([block(), block({ key: 'l' })]))
    const again = block({ digest: 'e'.repeat(43), publishedAtMs: 5, done: done(9) })
    await record(records([again]))
    expect(await read(again)).toEqual([again])
    expect(await read(block({ key: 'l' }))).toEqual([block({ key: 'l' })])
  })

  test('of a window that is rolled back are not kept', async () => {
    const transaction = await shards.open()
    await transaction.record(records([block()]))
    await transaction.rollback()
    expect(await read(block())).toEqual([])
  })

  test('are found by their key, through any number of others', async () => {
    const ids = JSON.stringify([['t', 'k', 0]])
    const [plan] = await shards.query(
      `EXPLAIN FORMAT=TREE ${selectBlocks.replace('?', () => `'${ids}'`)}`,
    )
    expect(JSON.stringify(plan)).toMatch(/Single-row index lookup on sluice_requests using PRIMARY/)
  })

  test('may be more than one statement takes', async () => {
    const many = Array.from({ length: 9_000 }, (_, i) =>
      block({ key: `${'k'.repeat(240)}${i}`, done: done(i % 256) }),
    )
    await record(records(many))
    const found = await read(...many)
    expect(found).toHaveLength(many.length)
    expect(new Map(found.map((row) => [row.key, row]))).toEqual(
      new Map(many.map((row) => [row.key, row])),
    )
  })

  test('that are old are forgotten, the oldest first and so many at a time', async () => {
    const beforeMs = 10 * keyLifetimeMs
    const aged = (key: string, ageMs: number) => block({ key, publishedAtMs: beforeMs - ageMs })
    await record(records([aged('c', 1), aged('a', 300), aged('d', 0), aged('b', 200)]))
    await record(records([], { beforeMs, rows: 2 }))
    expect(await keysLeft()).toEqual(['c', 'd'])
    await record(records([], { beforeMs, rows: 2 }))
    expect(await keysLeft()).toEqual(['d'])
    // What an API says whose clock stands at the beginning of time.
    await record(records([], { beforeMs: -1, rows: 2 }))
    expect(await keysLeft()).toEqual(['d'])
  })

  test('of a tenant whose name is too long stop the shard, not silently cut', async () => {
    const transaction = await shards.open()
    await expect(transaction.record(records([block({ tenant: 't'.repeat(256) })]))).rejects.toEqual(
      storeError('stop', /can't be recorded/),
    )
  })
})

describe('a job that begins anew', () => {
  const failures = (job: string, count: number) =>
    shards.query(
      `INSERT INTO sluice_failures (job, operation, type, op, code, message, at)
        SELECT '${job}', (@n := @n + 1), 'pin', 'create', 'rejected', '', NOW(3)
        FROM information_schema.columns a JOIN information_schema.columns b
        JOIN (SELECT @n := -1) AS start LIMIT ${count}`,
    )

  test('leaves nothing of what it left before, whatever it was, and other jobs alone', async () => {
    await failures('many', 20_001)
    await failures('other', 2)
    await shards.query(
      "INSERT INTO sluice_outcomes (job, superseded) VALUES ('many', 1), ('counted', 2), ('other', 3)",
    )
    const clear = async (end: 'commit' | 'rollback') => {
      const transaction = await shards.open()
      await transaction.clearJobs(new Set(['many', 'counted', 'unknown']))
      if (end === 'commit') await shards.commit(transaction)
      else await transaction.rollback()
      const left = 'SELECT COUNT(*) AS n, MAX(job) AS job FROM'
      const [failed] = await shards.query(`${left} sluice_failures`)
      const [counted] = await shards.query(`${left} sluice_outcomes`)
      return [Number(failed!.n), Number(counted!.n), failed!.job]
    }
    expect(await clear('rollback')).toEqual([20_003, 3, 'other'])
    expect(await clear('commit')).toEqual([2, 1, 'other'])
  })
})
