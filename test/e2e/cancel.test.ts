import { setTimeout as wait } from 'node:timers/promises'
import { expect, inject, test } from 'vitest'
import { Deployment } from './deployment.ts'
import { post } from './http.ts'
import { createUser } from './operations.ts'
import type { RunningApi } from './running-api.ts'

const timeout = 90_000
const patient = { timeout: 30_000, interval: 50 }

/** So many users whose ids begin with a job's own digits. */
const users = (job: number, count: number) =>
  Array.from({ length: count }, (_, i) => createUser(String(job * 1_000_000 + i)))

/** Users of a job that are in the database. */
async function applied(deployment: Deployment, job: number): Promise<number> {
  const [row] = await deployment.query(
    0,
    `SELECT COUNT(*) AS users FROM users WHERE id DIV 1000000 = ${job}`,
  )
  return Number(row!.users)
}

const cancel = (api: RunningApi, receipt: string) =>
  post(`${api.url}/v1/jobs/${receipt}/cancel`, '')

/** Watches a job's users for two seconds: how long after now the last one came, and how many. */
async function lastApplied(deployment: Deployment, job: number) {
  const startMs = performance.now()
  let count = await applied(deployment, job)
  let lastMs = 0
  while (performance.now() - startMs < 2000) {
    const now = await applied(deployment, job)
    if (now !== count) lastMs = performance.now() - startMs
    count = now
    await wait(10)
  }
  return { count, lastMs }
}

/** Resolves once the shard is past a job; nothing of a cancelled one is estimated then. */
async function passed(deployment: Deployment, api: RunningApi, receipt: string) {
  const counted = async () => {
    const { cancelled, applied: done, accepted, estimated } = await api.job(receipt)
    const job = String((await api.job(receipt)).job)
    const [row] = await deployment.query(
      0,
      `SELECT cancelled FROM sluice_outcomes WHERE job = '${job}'`,
    )
    return (
      !estimated &&
      Number(row?.cancelled ?? 0) === cancelled &&
      done === Number(accepted) - Number(cancelled)
    )
  }
  await expect.poll(counted, patient).toBe(true)
  return api.job(receipt)
}

async function send(api: RunningApi, job: number, count: number): Promise<string> {
  const { status, body } = await api.write(users(job, count))
  expect(status).toBe(202)
  return String(body.receipt)
}

const logs = [
  ['the embedded log', undefined],
  ['Kafka', () => inject('kafkaBrokers')],
] as const

test.each(logs)(
  'on %s, a running job stops within a second, and a queued one never begins',
  {
    timeout,
  },
  async (_, brokers) => {
    const deployment = new Deployment({
      ...(brokers && { kafkaBrokers: brokers() }),
      shards: 1,
      statementsPerSecond: 20,
      config: { rowsPerStatement: 10 },
    })
    await deployment.migrate()
    const [api] = await Promise.all([deployment.startApi('deno'), deployment.startWorker('bun')])
    const running = await send(api, 1, 8000)
    const queued = await send(api, 2, 3000)
    const last = await send(api, 3, 20)
    await expect.poll(() => applied(deployment, 1), patient).toBeGreaterThan(100)

    const second = await cancel(api, queued)
    expect(second.body).toMatchObject({ state: 'cancelled', applied: 0, cancelled: 3000 })
    const startMs = performance.now()
    const first = await cancel(api, running)
    const answeredMs = performance.now() - startMs
    expect(first.status).toBe(200)
    expect(first.body).toMatchObject({ state: 'cancelled', accepted: 8000, pending: 0 })
    const { count, lastMs } = await lastApplied(deployment, 1)
    console.log(
      `cancel answered after ${answeredMs.toFixed()} ms, the last row came ${lastMs.toFixed()} ms after the answer`,
    )
    expect(answeredMs).toBeLessThan(3000)
    expect(lastMs).toBeLessThan(1000)
    // What the answer said was applied is what is there.
    expect(first.body).toMatchObject({ applied: count, cancelled: 8000 - count })
    expect((await api.settled(last)).applied).toBe(20)
    expect(await applied(deployment, 2)).toBe(0)
    expect(await passed(deployment, api, running)).toMatchObject({ applied: count })
    expect(await passed(deployment, api, queued)).toMatchObject({ cancelled: 3000 })
    // Once more, and of a job that is over.
    expect((await cancel(api, running)).body).toEqual(await api.job(running))
    expect((await cancel(api, last)).body).toMatchObject({ state: 'done', applied: 20 })
  },
)

test.each(logs)(
  'on %s, what is cancelled while no worker runs, or on a shard that stands, stays so',
  {
    timeout,
  },
  async (_, brokers) => {
    const deployment = new Deployment({
      ...(brokers && { kafkaBrokers: brokers() }),
      shards: 1,
      statementsPerSecond: 0.5,
      config: { rowsPerStatement: 10, worker: { stoppedRetryMs: 500 } },
    })
    await deployment.migrate()
    const [api, worker] = await Promise.all([deployment.startApi(), deployment.startWorker()])
    // A second statement comes two seconds after the first one, and waits for its permit until then.
    const slow = await send(api, 1, 100)
    await expect.poll(() => applied(deployment, 1), patient).toBe(10)
    const startMs = performance.now()
    expect((await cancel(api, slow)).body).toMatchObject({ applied: 10, cancelled: 90 })
    console.log(
      `cancel of a shard that waits answered after ${(performance.now() - startMs).toFixed()} ms`,
    )
    expect(performance.now() - startMs).toBeLessThan(3000)

    const queued = await send(api, 2, 100)
    await worker.process.kill()
    expect((await cancel(api, queued)).body).toMatchObject({ applied: 0, cancelled: 100 })
    const after = await send(api, 3, 5)
    await deployment.startWorker('bun')
    expect(await api.settled(after)).toMatchObject({ applied: 5 })
    expect(await passed(deployment, api, slow)).toMatchObject({ applied: 10 })
    expect(await passed(deployment, api, queued)).toMatchObject({ applied: 0, cancelled: 100 })

    await deployment.query(0, 'RENAME TABLE users TO users_away')
    const stuck = await send(api, 4, 10)
    const stopped = async () => (await api.client.shards())[0]!.reason
    await expect.poll(stopped, patient).toBe('stopped')
    expect((await cancel(api, stuck)).body).toMatchObject({ applied: 0, cancelled: 10 })
    await deployment.query(0, 'RENAME TABLE users_away TO users')
    expect(await passed(deployment, api, stuck)).toMatchObject({ applied: 0, cancelled: 10 })
    expect([
      await applied(deployment, 1),
      await applied(deployment, 2),
      await applied(deployment, 4),
    ]).toEqual([10, 0, 0])
  },
)
