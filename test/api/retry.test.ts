import { describe, expect, test } from 'vitest'
import { authenticateBy, parseApiKeys } from '../../api/auth.ts'
import { createReceipts } from '../../api/receipts.ts'
import type { JobFailure } from '../../core/job-store.ts'
import { PublishError } from '../../core/log.ts'
import { offset, shardId } from '../../core/position.ts'
import { StoreError } from '../../core/shard-store.ts'
import { keyHash } from './keys.ts'
import { answerOf, MemoryJobs, receiptKey, testApi } from './test-api.ts'

const receipts = await createReceipts([receiptKey])

function sign(job: string, shards = [0, 1], tenant = 'default') {
  return receipts.sign({
    ...{ job, tenant, logId: 'log-1', acceptedAtMs: 0 },
    shards: shards.map((n) => ({
      ...{ shard: shardId(n), first: offset(0), last: offset(9), operations: 50 },
    })),
  })
}

/** A note's failed create; the user's number modulo 4 is its shard. */
const failed = (index: number, userId: number, changes: Partial<JobFailure> = {}): JobFailure => ({
  index,
  type: 'note',
  op: 'create',
  object: { id: `${index}`, userId: `${userId}`, text: 'hello' },
  code: 'duplicate_value',
  message: 'why',
  ...changes,
})

/** Shards past the job, which failed there as given; or where they stand. */
function shardsWith(failures: Record<number, JobFailure[]>, stands = 10) {
  return new MemoryJobs({
    progress: async (shard, jobs) => ({
      logId: 'log-1',
      position: { offset: offset(stands), operation: 0 },
      jobs: new Map(
        jobs.map((job) => [
          job,
          { failed: failures[shard]?.length ?? 0, superseded: 0, cancelled: 0 },
        ]),
      ),
    }),
    failures: async (shard, _, after, limit) =>
      (failures[shard] ?? []).filter(({ index }) => index > after).slice(0, limit),
  })
}

describe('retrying a job', () => {
  test('sends exactly what failed again, under its own indexes, as a job linked to it', async () => {
    const jobs = shardsWith({ 0: [failed(3, 4), failed(7, 8)], 1: [failed(1, 5)] })
    const { post, get, log, operations } = await testApi({ jobs, limits: { failuresPage: 1 } })
    const response = await post(`/v1/jobs/${await sign('a')}/retry`, '')
    expect(response.status).toBe(202)
    const answer = (await response.json()) as Record<string, string>
    expect(answer).toMatchObject({
      accepted: 3,
      retryOf: 'a',
      job: expect.stringMatching(/^[\w-]{22}$/),
    })
    expect(response.headers.get('location')).toBe(`/v1/jobs/${answer.receipt}`)
    const sent = ({ index, object }: JobFailure) => ({
      index,
      type: 'note',
      kind: 'create',
      object,
    })
    expect(operations(0)).toEqual([failed(3, 4), failed(7, 8)].map(sent))
    expect(operations(1)).toEqual([sent(failed(1, 5))])
    for (const { headers } of log.messages.flat())
      expect(headers).toEqual({ 'sluice-retry-of': 'a' })
    const view = await (await get(`/v1/jobs/${answer.receipt}`)).json()
    expect(view).toMatchObject({ job: answer.job, retryOf: 'a', accepted: 3 })
  })

  test('twice is the same job, which the shards tell from the messages; another job has another', async () => {
    const jobs = shardsWith({ 0: [failed(3, 4)] })
    const { post } = await testApi({ jobs })
    const jobOf = async (receipt: string) => {
      const response = await post('/v1/jobs/retry', { receipt })
      return ((await response.json()) as { job: string }).job
    }
    const first = await jobOf(await sign('a'))
    expect(await jobOf(await sign('a'))).toBe(first)
    expect(await jobOf(await sign('b'))).not.toBe(first)
    expect(await jobOf(await sign(first))).not.toBe(first)
  })

  test('that is not over, or on whose shards it is not known, sends nothing', async () => {
    const running = await testApi({ jobs: shardsWith({ 0: [failed(3, 4)] }, 5) })
    const refused = await running.post(`/v1/jobs/${await sign('a')}/retry`, '')
    expect(refused.status).toBe(409)
    expect(await refused.json()).toMatchObject({ type: 'urn:sluice:problem:job-not-over' })
    const jobs = shardsWith({ 0: [failed(3, 4)] })
    const { progress } = jobs
    jobs.progress = async (shard, of) => {
      if (shard === 1) throw new StoreError('reconnect', 'ECONNREFUSED', 'connection refused')
      return progress(shard, of)
    }
    const unread = await testApi({ jobs })
    const unknown = await unread.post(`/v1/jobs/${await sign('a')}/retry`, '')
    expect(unknown.status).toBe(503)
    expect((await answerOf(unknown)).detail).toContain('connection refused')
    expect([running.log.published, unread.log.published]).toEqual([0, 0])
  })

  test('of which nothing failed says so', async () => {
    const { post, log } = await testApi({ jobs: shardsWith({}) })
    const response = await post(`/v1/jobs/${await sign('a')}/retry`, '')
    expect(response.status).toBe(409)
    expect(await response.json()).toMatchObject({ type: 'urn:sluice:problem:nothing-to-retry' })
    expect(log.published).toBe(0)
  })

  test('whose operations no longer fit their type sends none, and names them', async () => {
    const jobs = shardsWith({
      0: [
        failed(3, 4),
        failed(5, 4, { type: 'memo' }),
        failed(6, 4, { op: 'increment', object: { id: '6', userId: '4' } }),
      ],
    })
    const { post, log } = await testApi({ jobs })
    const response = await post(`/v1/jobs/${await sign('a')}/retry`, '')
    expect(response.status).toBe(422)
    const { errors } = await answerOf(response)
    expect(errors.map(({ index, path }) => [index, path])).toEqual([
      [5, '/type'],
      [6, '/by'],
    ])
    expect(log.published).toBe(0)
  })

  test('whose failures break off amid their pages sends nothing', async () => {
    const jobs = shardsWith({ 0: [failed(3, 4), failed(7, 8)] })
    const { failures } = jobs
    jobs.failures = async (shard, job, after, limit) => {
      if (after === 3) throw new StoreError('reconnect', 'ECONNRESET', 'the connection is gone')
      return failures(shard, job, after, limit)
    }
    const { post, log } = await testApi({ jobs, limits: { failuresPage: 1 } })
    const response = await post(`/v1/jobs/${await sign('a')}/retry`, '')
    expect(response.status).toBe(503)
    expect((await answerOf(response)).detail).toContain('the connection is gone')
    expect(log.published).toBe(0)
  })

  test('is safe to repeat after a publish without an answer, and the answer says so', async () => {
    const { post, log, reported } = await testApi({ jobs: shardsWith({ 0: [failed(3, 4)] }) })
    log.fail('publish', new PublishError('unknown', 'no answer'))
    const response = await post(`/v1/jobs/${await sign('a')}/retry`, '')
    expect(response.status).toBe(503)
    const problem = await response.json()
    expect(problem).toMatchObject({ outcome: 'unknown', detail: expect.stringContaining('once') })
    expect(reported.map(({ where }) => where)).toEqual(['POST /v1/jobs/:receipt/retry'])
  })

  test('is for writers of the tenant and of the types, and stays the tenant\u2019s', async () => {
    const keys = [
      { hash: keyHash('feed-key'), tenant: 'feed', role: 'writer' },
      { hash: keyHash('look-key'), tenant: 'feed', role: 'reader' },
      { hash: keyHash('part-key'), tenant: 'feed', role: 'writer', types: ['memo'] },
      { hash: keyHash('ops-key'), tenant: 'ops', role: 'admin' },
    ]
    const authenticate = authenticateBy(parseApiKeys(JSON.stringify(keys)))
    const { post, log } = await testApi({ jobs: shardsWith({ 0: [failed(3, 4)] }), authenticate })
    const retry = async (key: string, receipt: string) =>
      post(`/v1/jobs/${receipt}/retry`, '', { authorization: `Bearer ${key}` })
    const [feed, spam] = [await sign('a', [0], 'feed'), await sign('a', [0], 'spam')]
    expect((await retry('feed-key', spam)).status).toBe(403)
    expect((await retry('look-key', feed)).status).toBe(403)
    expect((await retry('part-key', feed)).status).toBe(403)
    expect((await retry('feed-key', `${feed}x`)).status).toBe(404)
    expect(log.published).toBe(0)
    const own = await retry('feed-key', feed)
    expect(own.status).toBe(202)
    const admins = await retry('ops-key', spam)
    expect((await receipts.verify((await answerOf(admins)).receipt))!.tenant).toBe('spam')
  })

  test('with a hundred thousand failures holds a page of them in memory at a time', async () => {
    const count = 100_000
    let mostUntaken = 0
    const jobs = shardsWith({ 0: [] })
    const { progress } = jobs
    jobs.progress = async (shard, of) => {
      const found = await progress(shard, of)
      const counts = { failed: shard === 0 ? count : 0, superseded: 0, cancelled: 0 }
      return { ...found, jobs: new Map(of.map((job) => [job, counts])) }
    }
    jobs.failures = async (shard, _, after, limit) => {
      mostUntaken = Math.max(mostUntaken, limit)
      const left = shard === 0 ? Math.min(limit, count - after - 1) : 0
      return Array.from({ length: left }, (_, i) => failed(after + 1 + i, 4))
    }
    const { post, log } = await testApi({ jobs })
    const shards = [{ shard: shardId(0), first: offset(0), last: offset(9), operations: count }]
    const receipt = await receipts.sign({
      ...{ job: 'a', tenant: 'default', logId: 'log-1', acceptedAtMs: 0, shards },
    })
    const response = await post(`/v1/jobs/${receipt}/retry`, '')
    expect(await response.json()).toMatchObject({ accepted: count })
    expect(mostUntaken).toBe(500)
    expect(log.published).toBe(100)
  })
})
