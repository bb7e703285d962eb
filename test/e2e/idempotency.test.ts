import { expect, inject, test } from 'vitest'
import type { DemoOperation } from '../../demo/script.ts'
import { Deployment } from './deployment.ts'
import { post, postText } from './http.ts'
import { createPin, createUser, incrementSaves } from './operations.ts'
import type { RunningApi } from './running-api.ts'

const timeout = 90_000
const patient = { timeout: 30_000, interval: 5 }

/** Operations that tell if any of them ran twice: a pin would be there already, its saves be two. */
function telling(firstId: number, count: number, linkLength = 10): DemoOperation[] {
  const ids = Array.from({ length: count }, (_, i) => firstId + i)
  const user = (id: number) => String(id % 20)
  const link = 'x'.repeat(linkLength)
  const create = (id: number) => {
    const pin = createPin(String(id), user(id))
    return { ...pin, object: { ...pin.object, link } }
  }
  return [...ids.map(create), ...ids.map((id) => incrementSaves(String(id), user(id), 1))]
}

/** Pins from an id on, over all shards, and the sum of their saves. */
async function pinsFrom(deployment: Deployment, firstId: number, count: number) {
  let pins = 0
  let saves = 0
  for (const shard of deployment.databases.keys()) {
    const range = `id >= ${firstId} AND id < ${firstId + count}`
    const [row] = await deployment.query(
      shard,
      `SELECT COUNT(*) AS pins, COALESCE(SUM(saves), 0) AS saves FROM pins WHERE ${range}`,
    )
    pins += Number(row!.pins)
    saves += Number(row!.saves)
  }
  return { pins, saves }
}

const send = (api: RunningApi, key: string, operations: readonly DemoOperation[]) =>
  post(`${api.url}/v1/writes`, { operations }, { 'idempotency-key': key })

/** As an upload, which goes into the log part by part. */
const upload = (api: RunningApi, key: string, operations: readonly DemoOperation[]) =>
  postText(`${api.url}/v1/writes`, operations.map((line) => JSON.stringify(line)).join('\n'), {
    'content-type': 'application/x-ndjson',
    'idempotency-key': key,
  })

test.each([
  ['the embedded log', undefined],
  ['Kafka', () => inject('kafkaBrokers')],
] as const)('on %s, a request under a key takes effect once', { timeout }, async (_, brokers) => {
  const deployment = new Deployment(brokers && { kafkaBrokers: brokers() })
  await deployment.migrate()
  const [first, second] = await Promise.all([deployment.startApi(), deployment.startApi('deno')])

  // Both copies wait in the log when the worker comes: they stand in one window.
  const twice = telling(1000, 200)
  const [copy, other] = await Promise.all([
    send(first, 'twice', twice),
    send(second, '"twice"', twice),
  ])
  expect([copy.status, other.status]).toEqual([202, 202])
  expect([copy.isReplayed, other.isReplayed]).toEqual([false, false])
  expect(other.body.job).toBe(copy.body.job)
  const replayed = await send(first, 'twice', twice)
  expect(replayed).toMatchObject({ status: 202, isReplayed: true, body: copy.body })
  expect((await send(second, 'twice', telling(2000, 1))).status).toBe(422)
  await deployment.startWorker('bun')
  await first.applied(Array.from({ length: 20 }, (_, id) => createUser(String(id))))
  for (const { body } of [copy, other]) {
    const job = await first.settled(String(body.receipt))
    expect(job).toMatchObject({ state: 'done', accepted: 400, applied: 400, failed: 0 })
  }
  expect(await pinsFrom(deployment, 1000, 200)).toEqual({ pins: 200, saves: 200 })

  // The API dies while the operations go into the log, and its client does not learn how far they came.
  const large = telling(10_000, 8000, 1500)
  const lost = upload(second, 'upload', large).catch(() => undefined)
  const begun = async () => (await pinsFrom(deployment, 10_000, 8000)).pins
  await expect.poll(begun, patient).toBeGreaterThan(0)
  await second.process.kill()
  await lost
  const config = { databases: deployment.databases, messages: { operations: 137 } }
  const third = await deployment.startApi('bun', { SLUICE_CONFIG: deployment.writeConfig(config) })
  const again = await upload(third, 'upload', large)
  expect(again).toMatchObject({ status: 202, isReplayed: false })
  const job = await third.settled(String(again.body.receipt))
  expect(job).toMatchObject({ state: 'done', accepted: 16_000, applied: 16_000, failed: 0 })
  expect(await pinsFrom(deployment, 10_000, 8000)).toEqual({ pins: 8000, saves: 8000 })

  // An API that does not know of the first body can't refuse another one: the shards do.
  const reused = await send(third, 'twice', telling(1000, 5))
  expect(reused.status).toBe(202)
  expect(reused.body.job).not.toBe(copy.body.job)
  const failed = await third.settled(String(reused.body.receipt))
  expect(failed).toMatchObject({ state: 'done_with_failures', applied: 0, failed: 10 })
  const codes = await third.client.failures(String(reused.body.receipt))
  expect(new Set(codes.values())).toEqual(new Set(['idempotency_key_reused']))
  expect(await pinsFrom(deployment, 1000, 200)).toEqual({ pins: 200, saves: 200 })
  expect(await third.job(String(copy.body.receipt))).toMatchObject({ state: 'done', failed: 0 })
})
