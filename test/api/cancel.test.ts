import { describe, expect, test } from 'vitest'
import { authenticateBy, parseApiKeys } from '../../api/auth.ts'
import { createReceipts } from '../../api/receipts.ts'
import type { JobCounts, ShardProgress } from '../../core/job-store.ts'
import { LogError } from '../../core/log.ts'
import { offset, shardId } from '../../core/position.ts'
import type { Receipt } from '../../core/receipt.ts'
import { keyHash } from './keys.ts'
import { answerOf, MemoryJobs, receiptKey, testApi } from './test-api.ts'

const receipts = await createReceipts([receiptKey])

/** Of a job that has 100 operations on each shard, in messages from offset 10 on. */
function sign(job: string, shards: number[], changes: Partial<Receipt> = {}, last = 10) {
  return receipts.sign({
    job,
    tenant: 'default',
    logId: 'log-1',
    acceptedAtMs: 0,
    shards: shards.map((n) => ({
      shard: shardId(n),
      first: offset(10),
      last: offset(last),
      operations: 100,
    })),
    ...changes,
  })
}

function standing(message: number, operation = 0, counts: Partial<JobCounts> = {}): ShardProgress {
  const none = { failed: 0, superseded: 0, cancelled: 0 }
  return {
    logId: 'log-1',
    position: { offset: offset(message), operation },
    jobs: new Map([['a', { ...none, ...counts }]]),
  }
}

const before = { offset: offset(0), operation: 0 }
const cancelOfA = (ends: [number, number][], from = before) => ({
  version: 1,
  job: 'a',
  tenant: 'default',
  logId: 'log-1',
  stretches: ends.map(([shard, last]) => ({ shard, from, last })),
})

/** An API whose shards stand somewhere, with a clock that runs for what waits. */
async function cancelling(progress: (shard: number) => ShardProgress, overrides = {}) {
  const jobs = new MemoryJobs({ progress: async (shard) => progress(shard) })
  const api = await testApi({ jobs, ...overrides })
  return {
    ...api,
    /** Resolves with the answer and what it waited for. */
    cancel: async (receipt: string, headers = {}) => {
      const { clock } = api
      const startMs = clock.monotonicMs()
      const answer = Promise.resolve(api.post(`/v1/jobs/${receipt}/cancel`, '', headers))
      let isAnswered = false
      answer.then(() => {
        isAnswered = true
      })
      let pauses = 0
      clock.onSleep = (ms) => {
        if (ms === 50) pauses++
      }
      // Signatures take real time, pauses between looks the clock's.
      while (!isAnswered) {
        await new Promise((resolve) => setTimeout(resolve, 2))
        if (pauses > 0) clock.advance(50)
        pauses = 0
      }
      return { response: await answer, waitedMs: clock.monotonicMs() - startMs }
    },
  }
}

describe('cancelling', () => {
  test('a queued job leaves nothing of it pending, and says so to the workers', async () => {
    const { cancel, get, log, report } = await cancelling(() => standing(5))
    for (const shard of [0, 2]) report(shard, { position: before, controlOffset: offset(1) })
    const receipt = await sign('a', [0, 2])
    const { response, waitedMs } = await cancel(receipt)
    expect(response.status).toBe(200)
    const view = await response.json()
    expect(view).toMatchObject({ state: 'cancelled', applied: 0, cancelled: 200, pending: 0 })
    expect(view).toMatchObject({ estimatedSeconds: 0, shards: [{ cancelled: 100 }, {}] })
    expect(waitedMs).toBe(0)
    expect(JSON.parse(log.controls.get('cancel/a')!)).toEqual(
      cancelOfA([
        [0, 10],
        [2, 10],
      ]),
    )
    expect(await (await get(`/v1/jobs/${receipt}`)).json()).toEqual(view)
  })

  test('a running job keeps what is applied, superseded and failed', async () => {
    const counts = { failed: 2, superseded: 3 }
    const { cancel, report } = await cancelling(() => standing(10, 30, counts))
    report(0, { position: before, controlOffset: offset(1) })
    const { response } = await cancel(await sign('a', [0]))
    expect(await response.json()).toMatchObject({
      ...{ state: 'cancelled', applied: 25, superseded: 3, failed: 2, cancelled: 70, pending: 0 },
    })
  })

  test('begins where the shards stand, and stays there when it is repeated', async () => {
    const { cancel, log, report } = await cancelling(() => standing(14))
    const position = { offset: offset(14), operation: 3 }
    report(0, { position, controlOffset: offset(1) })
    await cancel(await sign('a', [0], {}, 19))
    expect(JSON.parse(log.controls.get('cancel/a')!)).toEqual(cancelOfA([[0, 19]], position))
    report(0, { position: { offset: offset(17), operation: 0 }, controlOffset: offset(2) })
    await cancel(await sign('a', [0], {}, 25))
    expect(JSON.parse(log.controls.get('cancel/a')!)).toEqual(cancelOfA([[0, 25]], position))
    // What counts in another log says nothing of where the job was.
    report(0, { position, logId: 'log-0' })
    await cancel(await sign('b', [0], {}, 19))
    expect(JSON.parse(log.controls.get('cancel/b')!).stretches[0].from).toEqual(before)
  })

  test('waits for every worker to know of it', async () => {
    const { post, clock, report } = await cancelling(() => standing(5))
    report(0, { position: before, controlOffset: offset(1) })
    report(1, { position: before, controlOffset: offset(0) })
    let isAnswered = false
    const answer = Promise.resolve(post(`/v1/jobs/${await sign('a', [0, 1])}/cancel`, ''))
    answer.then(() => {
      isAnswered = true
    })
    await clock.runFor(500)
    expect(isAnswered).toBe(false)
    report(1, { position: before, controlOffset: offset(1) })
    await clock.runFor(50)
    expect((await answer).status).toBe(200)
  })

  test('does not wait for a worker that is past the job, nor for ever for one that is silent', async () => {
    const { cancel, report } = await cancelling((shard) => standing(shard === 0 ? 11 : 5))
    report(0, { position: { offset: offset(11), operation: 0 } })
    report(1, { position: before, controlOffset: offset(1) })
    const known = await cancel(await sign('a', [0, 1]))
    expect(known.waitedMs).toBe(0)
    const { response, waitedMs } = await cancel(await sign('b', [2]))
    expect(waitedMs).toBe(2000)
    // A window of it may be in the database still.
    const view = { state: 'cancelled', cancelled: 100, estimated: true }
    expect(await response.json()).toMatchObject(view)
  })

  test('gives the workers a moment to get to where the numbers are exact', async () => {
    let looks = 0
    // Amid ten messages the numbers are in proportion.
    const { cancel, report } = await cancelling(() =>
      ++looks < 6 ? standing(15) : standing(20, 0, { cancelled: 58 }),
    )
    report(0, { position: before, controlOffset: offset(1) })
    const { response, waitedMs } = await cancel(await sign('a', [0], {}, 19))
    const view = await response.json()
    expect(view).toMatchObject({ state: 'cancelled', applied: 42, cancelled: 58 })
    expect(view).not.toHaveProperty('estimated')
    expect(waitedMs).toBe(200)
  })

  test('a job that is over changes nothing', async () => {
    const { cancel, log } = await cancelling(() => standing(11, 0, { failed: 1 }))
    const { response } = await cancel(await sign('a', [0]))
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ state: 'done_with_failures', applied: 99 })
    expect(log.controls.size).toBe(0)
  })

  test('a job whose receipt is too long for a path takes it in the body', async () => {
    const { post, report } = await cancelling(() => standing(5))
    report(0, { position: before, controlOffset: offset(1) })
    const response = await post('/v1/jobs/cancel', { receipt: await sign('a', [0]) })
    expect(await response.json()).toMatchObject({ state: 'cancelled', cancelled: 100 })
  })

  test('twice says the same twice, and is written once', async () => {
    const { cancel, log, report } = await cancelling(() => standing(5))
    report(0, { position: before, controlOffset: offset(1) })
    const receipt = await sign('a', [0])
    let puts = 0
    log.onCall = (call) => {
      if (call === 'putControl') puts++
    }
    const [first, second] = [await cancel(receipt), await cancel(receipt)]
    expect(await second.response.json()).toEqual(await first.response.json())
    expect(puts).toBe(1)
  })

  test('a job that was sent twice under one key ends where the later messages do', async () => {
    const { cancel, log, report } = await cancelling(() => standing(5))
    report(0, { position: before, controlOffset: offset(9) })
    report(1, { position: before, controlOffset: offset(9) })
    await cancel(await sign('a', [0, 1], {}, 30))
    await cancel(await sign('a', [0], {}, 20))
    expect(JSON.parse(log.controls.get('cancel/a')!)).toEqual(
      cancelOfA([
        [0, 30],
        [1, 30],
      ]),
    )
    await cancel(await sign('a', [0], {}, 40))
    expect(JSON.parse(log.controls.get('cancel/a')!).stretches[0]).toMatchObject({ last: 40 })
  })

  test('a job that is sent and cancelled anew keeps what it applied between', async () => {
    let at = 5
    const { cancel, log, report } = await cancelling(() => standing(at))
    report(0, { position: before, controlOffset: offset(9) })
    await cancel(await sign('a', [0], {}, 20))
    at = 33
    const position = { offset: offset(33), operation: 2 }
    report(0, { position, controlOffset: offset(9) })
    await cancel(await sign('a', [0], {}, 40))
    const cancelled = cancelOfA([[0, 20]], before)
    const later = { shard: 0, from: position, last: 40 }
    expect(JSON.parse(log.controls.get('cancel/a')!)).toEqual({
      ...cancelled,
      stretches: [...cancelled.stretches, later],
    })
  })

  test('a job of another log changes nothing', async () => {
    const { cancel, log } = await cancelling(() => standing(5))
    const { response } = await cancel(await sign('a', [0], { logId: 'log-0' }))
    expect(await response.json()).toMatchObject({ state: 'running', unknown: 100 })
    expect(log.controls.size).toBe(0)
  })

  test('is for writers of the tenant, and for what this deployment signed', async () => {
    const keys = parseApiKeys(
      JSON.stringify([
        { hash: keyHash('feed-key'), tenant: 'feed', role: 'writer' },
        { hash: keyHash('look-key'), tenant: 'feed', role: 'reader' },
        { hash: keyHash('ops-key'), tenant: 'ops', role: 'admin' },
      ]),
    )
    const authenticate = authenticateBy(keys)
    const { cancel, log } = await cancelling(() => standing(5), { authenticate })
    const status = async (key: string, receipt: string) =>
      (await cancel(receipt, { authorization: `Bearer ${key}` })).response.status
    const spam = await sign('a', [0], { tenant: 'spam' })
    const feed = await sign('b', [0], { tenant: 'feed' })
    const stranger = await createReceipts([{ ...receiptKey, secret: new Uint8Array(32) }])
    const forged = await stranger.sign((await receipts.verify(feed))!)
    expect(await status('feed-key', spam)).toBe(403)
    expect(await status('look-key', feed)).toBe(403)
    expect(await status('feed-key', forged)).toBe(404)
    expect(await status('ops-key', `${feed.slice(0, -2)}xx`)).toBe(404)
    expect(log.controls.size).toBe(0)
    expect(await status('ops-key', spam)).toBe(200)
    expect(JSON.parse(log.controls.get('cancel/a')!).tenant).toBe('spam')
  })

  test('is durable also through an API that cannot read the shards', async () => {
    const { cancel, log } = await cancelling(() => standing(5), { jobs: undefined })
    const { response } = await cancel(await sign('a', [0]))
    expect(response.status).toBe(202)
    expect(await response.json()).toEqual({ job: 'a' })
    expect([...log.controls.keys()]).toEqual(['cancel/a'])
  })

  test('over a log that does not answer says whether it may be cancelled', async () => {
    const { cancel, log } = await cancelling(() => standing(5))
    const away = new LogError('unreachable', 'the log is away')
    log.fail('putControl', away)
    const receipt = await sign('a', [0])
    const failed = await cancel(receipt)
    expect(failed.response.status).toBe(503)
    expect(failed.response.headers.get('retry-after')).toBe('5')
    expect(await failed.response.json()).toMatchObject({ outcome: 'unknown' })
    log.controlAgeMs = 60_000
    log.fail('catchUp', away, 2)
    const unread = await cancel(receipt)
    expect(unread.response.status).toBe(503)
    expect(await unread.response.json()).toMatchObject({ outcome: 'none' })
  })

  test('more jobs than every process can keep in mind is refused', async () => {
    const { cancel, log } = await cancelling(() => standing(5), { limits: { cancelledJobs: 1 } })
    await cancel(await sign('a', [0]))
    const { response } = await cancel(await sign('b', [0]))
    expect(response.status).toBe(503)
    expect((await answerOf(response)).detail).toMatch(/^1 cancelled jobs are kept in mind already/)
    expect(log.controls.size).toBe(1)
    // One that is kept already takes no more room.
    expect((await cancel(await sign('a', [0], {}, 20))).response.status).toBe(200)
  })
})

test('a job is shown for what its shards say while control cannot be read', async () => {
  const { get, log, reported } = await cancelling(() => standing(10, 30))
  log.controlAgeMs = 60_000
  log.fail('catchUp', new LogError('unreachable', 'the log is away'))
  const response = await get(`/v1/jobs/${await sign('a', [0])}`)
  expect(await response.json()).toMatchObject({ state: 'running', applied: 30, pending: 70 })
  expect(reported.map(({ where }) => where)).toEqual(['cancelled jobs'])
})
