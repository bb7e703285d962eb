import { describe, expect, test } from 'vitest'
import { authenticateBy, parseApiKeys } from '../../api/auth.ts'
import { createReceipts } from '../../api/receipts.ts'
import type { JobCounts, ShardProgress } from '../../core/job-store.ts'
import { offset, shardId } from '../../core/position.ts'
import type { Receipt } from '../../core/receipt.ts'
import { StoreError } from '../../core/shard-store.ts'
import { keyHash } from './keys.ts'
import { answerOf, MemoryJobs, receiptKey, testApi } from './test-api.ts'

const receipts = await createReceipts([receiptKey])

function receiptOf(job: string, shards: number[], changes: Partial<Receipt> = {}): Receipt {
  return {
    job,
    tenant: 'default',
    logId: 'log-1',
    acceptedAtMs: Date.UTC(2026, 10, 23),
    shards: shards.map((n) => ({
      shard: shardId(n),
      first: offset(10),
      last: offset(10),
      operations: 100,
    })),
    ...changes,
  }
}

const sign = (job: string, shards: number[], changes?: Partial<Receipt>) =>
  receipts.sign(receiptOf(job, shards, changes))

function progress(
  message: number,
  operation = 0,
  jobs: Record<string, Partial<JobCounts>> = {},
): ShardProgress {
  const none = { failed: 0, superseded: 0, cancelled: 0 }
  return {
    logId: 'log-1',
    position: { offset: offset(message), operation },
    jobs: new Map(Object.entries(jobs).map(([job, counts]) => [job, { ...none, ...counts }])),
  }
}

describe('a job', () => {
  test('is known as well once the log has let go of its messages', async () => {
    const jobs = new MemoryJobs({
      progress: async () => progress(60, 0, { a: { failed: 2 } }),
    })
    const { get, report, log } = await testApi({ jobs })
    log.skipOffsets(0, 80)
    await log.trim(0, 50)
    report(0, { position: { offset: offset(60), operation: 0 } })
    const done = await get(`/v1/jobs/${await sign('a', [0])}`)
    expect(await done.json()).toMatchObject({
      ...{ state: 'done_with_failures', accepted: 100, applied: 98, failed: 2, pending: 0 },
      estimatedSeconds: 0,
    })
    expect(await (await get('/v1/shards/0')).json()).toMatchObject({ backlogMessages: 20 })
  })

  test('is the sum of its shards, each with what it does now', async () => {
    const jobs = new MemoryJobs({
      progress: async (shard) =>
        shard === 0 ? progress(11, 0, { a: { failed: 1, superseded: 4 } }) : progress(10, 30),
    })
    const { get, report } = await testApi({ jobs })
    report(1, { position: { offset: offset(10), operation: 30 }, messagesPerStatement: 0.02 })
    const response = await get(`/v1/jobs/${await sign('a', [0, 1])}`)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      job: 'a',
      state: 'running',
      acceptedAt: '2026-11-23T00:00:00.000Z',
      accepted: 200,
      applied: 125,
      superseded: 4,
      cancelled: 0,
      failed: 1,
      pending: 70,
      estimatedSeconds: 5,
      shards: [
        {
          shard: 0,
          accepted: 100,
          reason: 'silent',
          applied: 95,
          superseded: 4,
          cancelled: 0,
          failed: 1,
          pending: 0,
          estimatedSeconds: 0,
        },
        {
          shard: 1,
          accepted: 100,
          reason: 'limited',
          applied: 30,
          superseded: 0,
          cancelled: 0,
          failed: 0,
          pending: 70,
          estimatedSeconds: 5,
        },
      ],
    })
  })

  test('amid many messages is marked as estimated', async () => {
    const jobs = new MemoryJobs({ progress: async () => progress(15) })
    const { get } = await testApi({ jobs })
    const shards = [
      { shard: shardId(0), first: offset(10), last: offset(19), operations: 1000 },
      { shard: shardId(1), first: offset(10), last: offset(10), operations: 10 },
    ]
    const job = await (await get(`/v1/jobs/${await sign('a', [], { shards })}`)).json()
    expect(job).toMatchObject({ applied: 510, pending: 500, estimated: true, state: 'running' })
    expect(job).toMatchObject({ shards: [{ estimated: true }, { applied: 10 }] })
  })

  test('says of a shard that cannot be read that it cannot, and counts none of it', async () => {
    const jobs = new MemoryJobs({
      progress: async (shard) => {
        if (shard === 0) return progress(11)
        if (shard === 1) throw new StoreError('reconnect', 'ECONNREFUSED', 'connection refused')
        throw new TypeError('a mistake with secrets')
      },
    })
    const { get, reported } = await testApi({ jobs })
    const job = await (await get(`/v1/jobs/${await sign('a', [0, 1, 2])}`)).json()
    expect(job).toMatchObject({
      state: 'running',
      accepted: 300,
      applied: 100,
      pending: 0,
      unknown: 200,
      estimatedSeconds: null,
    })
    const { shards } = job as { shards: Record<string, unknown>[] }
    expect(shards[1]).toEqual({
      shard: 1,
      accepted: 100,
      reason: 'silent',
      error: "the shard can't be read: connection refused",
    })
    expect(shards[2]!.error).toBe("the shard can't be read: an unexpected error, see the API log")
    expect(reported.map(({ where }) => where)).toEqual([
      'progress of shard 1',
      'progress of shard 2',
    ])
  })

  test('does not wait for a shard that hangs', async () => {
    const jobs = new MemoryJobs({
      progress: (shard) => (shard === 0 ? Promise.resolve(progress(11)) : new Promise(() => {})),
    })
    const { get, clock } = await testApi({ jobs, limits: { readTimeoutMs: 3000 } })
    const response = get(`/v1/jobs/${await sign('a', [0, 1])}`)
    await expect.poll(() => clock.sleepers).toBe(1)
    clock.advance(3000)
    const job = await (await response).json()
    expect(job).toMatchObject({ applied: 100, unknown: 100 })
    expect(job).toMatchObject({
      shards: [{}, { error: expect.stringContaining('within 3000 ms') }],
    })
  })

  test('of a log that was replaced since has no numbers, and says why', async () => {
    const jobs = new MemoryJobs({ progress: async () => ({ ...progress(99), logId: 'log-2' }) })
    const { get } = await testApi({ jobs })
    const job = await (await get(`/v1/jobs/${await sign('a', [0])}`)).json()
    expect(job).toMatchObject({ state: 'running', applied: 0, pending: 0, unknown: 100 })
    expect(job).toMatchObject({
      shards: [
        { error: expect.stringMatching(/written to the log log-1, .* follows log-2 since/) },
      ],
    })
  })
})

describe('a lookup', () => {
  test('takes a receipt in the body and answers as GET does', async () => {
    const jobs = new MemoryJobs({ progress: async () => progress(11) })
    const { post, get } = await testApi({ jobs })
    const receipt = await sign('a', [0])
    const response = await post('/v1/jobs/lookup', { receipt })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual(await (await get(`/v1/jobs/${receipt}`)).json())
  })

  test('of several receipts asks each shard once, a bounded number at one time', async () => {
    let running = 0
    let most = 0
    const jobs = new MemoryJobs({
      progress: async (_, asked) => {
        most = Math.max(most, ++running)
        await new Promise(setImmediate)
        running--
        return progress(11, 0, { [asked[0]!]: { failed: 1 } })
      },
    })
    const { post } = await testApi({ jobs, limits: { shardReads: 2 } })
    const signed = [await sign('a', [0, 1, 2, 3]), await sign('b', [3, 2]), await sign('a', [0])]
    const response = await post('/v1/jobs/lookup', { receipts: signed })
    const { jobs: found } = await answerOf(response)
    expect(found.map(({ job, failed }) => [job, failed])).toEqual([
      ['a', 4],
      ['b', 0],
      ['a', 1],
    ])
    expect(jobs.progressCalls.map(({ shard, jobs }) => [shard, jobs])).toEqual([
      [0, ['a']],
      [1, ['a']],
      [2, ['a', 'b']],
      [3, ['a', 'b']],
    ])
    expect(most).toBe(2)
  })

  test.each([
    ['nothing', {}],
    ['null', null],
    ['a number', { receipt: 1 }],
    ['both', { receipt: 'a', receipts: ['a'] }],
    ['an empty list', { receipts: [] }],
    ['another field', { receipt: 'a', job: 'a' }],
  ])('of %s is refused', async (_, body) => {
    const { post } = await testApi({ jobs: new MemoryJobs({}) })
    const response = await post('/v1/jobs/lookup', body === null ? 'null' : body)
    expect(response.status).toBe(400)
    expect((await answerOf(response)).detail).toContain('{"receipt": "…"}')
  })

  test('of too many receipts is refused', async () => {
    const { post } = await testApi({ jobs: new MemoryJobs({}), limits: { receipts: 1 } })
    expect((await post('/v1/jobs/lookup', { receipts: ['a', 'b'] })).status).toBe(413)
  })
})

describe.each(['failures', 'cancel', 'retry'])('%s with the receipt in the body', (action) => {
  test.each([
    ['nothing', {}],
    ['several receipts', { receipts: ['a', 'b'] }],
    ['another field', { receipt: 'a', job: 'a' }],
  ])('refuses %s, and says what to send', async (_, body) => {
    const { post } = await testApi({ jobs: new MemoryJobs({}) })
    const response = await post(`/v1/jobs/${action}`, body)
    expect(response.status).toBe(400)
    expect((await answerOf(response)).detail).toBe('Send `{"receipt": "…"}`: one job at a time.')
  })
})

describe('a receipt', () => {
  test('that this deployment did not sign is not known', async () => {
    const { get, post } = await testApi({ jobs: new MemoryJobs({}) })
    const stranger = await createReceipts([{ ...receiptKey, secret: new Uint8Array(32) }])
    const forged = await stranger.sign(receiptOf('a', [0]))
    for (const path of [`/v1/jobs/${forged}`, `/v1/jobs/${forged}/failures`, '/v1/jobs/x']) {
      const response = await get(path)
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ type: 'urn:sluice:problem:unknown-receipt' })
    }
    expect((await post('/v1/jobs/lookup', { receipt: forged })).status).toBe(404)
  })

  test("of another tenant is refused, but for an admin's key", async () => {
    const keys = parseApiKeys(
      JSON.stringify([
        { hash: keyHash('feed-key'), tenant: 'feed', role: 'reader' },
        { hash: keyHash('ops-key'), tenant: 'ops', role: 'admin' },
      ]),
    )
    const jobs = new MemoryJobs({ progress: async () => progress(11) })
    const { get } = await testApi({ jobs, authenticate: authenticateBy(keys) })
    const status = async (key: string, tenant: string) => {
      const path = `/v1/jobs/${await sign('a', [0], { tenant })}`
      return (await get(path, { authorization: `Bearer ${key}` })).status
    }
    expect(await status('feed-key', 'feed')).toBe(200)
    expect(await status('feed-key', 'spam')).toBe(403)
    expect(await status('ops-key', 'spam')).toBe(200)
  })

  test('cannot be looked up without access to the shards, and the answer says what to do', async () => {
    const { get, post } = await testApi()
    const receipt = await sign('a', [0])
    const answers = [
      await get(`/v1/jobs/${receipt}`),
      await get(`/v1/jobs/${receipt}/failures`),
      await post('/v1/jobs/lookup', { receipt }),
    ]
    for (const answer of answers) {
      expect(answer.status).toBe(501)
      expect((await answerOf(answer)).detail).toContain('without access to the shards')
    }
  })
})
