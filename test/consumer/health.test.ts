import { expect, test } from 'vitest'
import { createHealth } from '../../consumer/health.ts'
import type { Worker } from '../../consumer/worker.ts'
import { StoreError } from '../../core/shard-store.ts'
import { ModelWorld } from '../support/model-world.ts'
import { creates } from './note-operations.ts'

async function ask(worker: Pick<Worker, 'isAssigned' | 'reports'>, path: string) {
  const response = await createHealth(worker, { ping: async () => {} }).request(path)
  return { status: response.status, body: await response.json() }
}

test('a worker lives from its start on', async () => {
  const worker = { isAssigned: false, reports: new Map() }
  expect(await ask(worker, '/healthz')).toEqual({ status: 200, body: { status: 'ok' } })
})

test('it is not ready before the group has told it its shards', async () => {
  const worker = { isAssigned: false, reports: new Map() }
  expect(await ask(worker, '/readyz')).toEqual({
    status: 503,
    body: { status: 'joining', shards: [] },
  })
})

test('it is ready once its shards are claimed', async () => {
  const world = new ModelWorld(2)
  world.shards[1]!.at('claim', () => world.clock.sleep(5000))
  const worker = await world.startWorker()
  await world.clock.runFor(1000)
  expect(await ask(worker, '/readyz')).toEqual({
    status: 503,
    body: { status: 'not ready', shards: [{ shard: 1, reason: 'starting' }] },
  })
  await world.clock.runFor(5000)
  expect(await ask(worker, '/readyz')).toEqual({
    status: 200,
    body: {
      status: 'ready',
      shards: [
        { shard: 0, reason: 'idle' },
        { shard: 1, reason: 'idle' },
      ],
    },
  })
  await world.clock.run(worker.stop())
})

test('a worker with no shard is ready', async () => {
  const world = new ModelWorld(1)
  const worker = await world.startWorker()
  world.log.group.shareOut(() => undefined)
  await world.clock.runFor(1000)
  expect(await ask(worker, '/readyz')).toEqual({
    status: 200,
    body: { status: 'ready', shards: [] },
  })
  await world.clock.run(worker.stop())
})

test.each([
  ['stop', 'stopped'],
  ['back_off', 'backing_off'],
] as const)(
  'a shard that meets %s makes it not ready, and is named with why',
  async (action, reason) => {
    const world = new ModelWorld(2)
    for (let i = 1; i < 9; i++) {
      world.shards[1]!.at(
        'begin',
        () => {
          throw new StoreError(action, '1234', 'MySQL says no')
        },
        i,
      )
    }
    for (const shard of [0, 1]) await world.send(creates(1), { shard })
    const worker = await world.startWorker()
    await world.clock.runFor(1000)
    expect(await ask(worker, '/readyz')).toEqual({
      status: 503,
      body: { status: 'not ready', shards: [{ shard: 1, reason, detail: 'MySQL says no' }] },
    })
    await world.drain()
    await world.clock.runFor(1000)
    expect((await ask(worker, '/readyz')).status).toBe(200)
    await world.clock.run(worker.stop())
  },
)
