import { expect, test } from 'vitest'
import type { StoreErrorAction } from '../../core/shard-store.ts'
import { StoreError } from '../../core/shard-store.ts'
import type { ModelShard } from '../support/model-shard.ts'
import { ModelWorld } from '../support/model-world.ts'
import { creates } from './note-operations.ts'

const breakerWaitMs = 10_000

const fail = (action: StoreErrorAction) => () => {
  throw new StoreError(action, action, `scripted: ${action}`)
}

/** Notes how many rows each window carries, all of which fit into one statement. */
function windowSizes(shard: ModelShard, mayRun: (rows: number) => boolean): number[] {
  const sizes: number[] = []
  shard.onStatement = ({ rows }) => {
    sizes.push(rows.length)
    if (!mayRun(rows.length)) fail('timeout')()
  }
  return sizes
}

test('one timeout halves the window and alerts nobody', async () => {
  const world = new ModelWorld()
  let timeouts = 1
  const sizes = windowSizes(world.shard, () => timeouts-- <= 0)
  await world.send(creates(64))
  const worker = await world.startWorker()
  await world.drain()
  expect(sizes).toEqual([64, 32, 32])
  expect(world.alerts).toEqual([])
  await world.clock.run(worker.stop())
})

test('two timeouts alert, leave shard and log alone for the wait, then probe with 10 operations', async () => {
  const world = new ModelWorld()
  let timeouts = 2
  const sizes = windowSizes(world.shard, () => timeouts-- <= 0)
  await world.send(creates(64))
  const worker = await world.startWorker()
  await world.clock.runUntil(() => world.alerts.length > 0)
  expect(world.alerts).toEqual([
    {
      shard: 0,
      code: 'breaker_open',
      message:
        'two timeouts in a row (scripted: timeout): no more for 10000 ms, then one small window probes',
    },
  ])
  expect(sizes).toEqual([64, 32])

  const stepsBefore = world.shard.steps.length
  const calls: string[] = []
  world.log.onCall = (call) => calls.push(call)
  await world.clock.runFor(breakerWaitMs - 1)
  expect(worker.reports.get(0 as never)?.reason).toBe('tripped')
  expect(world.shard.steps).toHaveLength(stepsBefore)
  expect(new Set(calls)).toEqual(new Set(['put']))

  await world.drain()
  // The window behind the probe was cut while the probe ran.
  expect(sizes.slice(2, 4)).toEqual([10, 10])
  expect(world.alerts).toHaveLength(1)
  await world.clock.run(worker.stop())
})

test('timeouts with an applied window between them do not trip', async () => {
  const world = new ModelWorld()
  let windows = 0
  windowSizes(world.shard, () => windows++ % 2 === 1)
  await world.send(creates(64))
  const worker = await world.startWorker()
  await world.drain(breakerWaitMs / 2)
  expect(world.alerts).toEqual([])
  await world.clock.run(worker.stop())
})

test('a shard that stays in trouble gets one small window per wait, down to one operation, and one alert', async () => {
  const world = new ModelWorld()
  const sizes = windowSizes(world.shard, () => false)
  await world.send(creates(64))
  const worker = await world.startWorker()
  await world.clock.runFor(6 * breakerWaitMs)
  expect(sizes).toEqual([64, 32, 10, 5, 2, 1, 1, 1])
  expect(world.alerts).toHaveLength(1)
  expect(world.status().reason).toBe('tripped')
  await world.clock.run(worker.stop())
})

test('a breaker that closed alerts again when it opens again', async () => {
  const world = new ModelWorld()
  const timeouts = [true, true, false, true, true]
  windowSizes(world.shard, () => !timeouts.shift())
  await world.send(creates(64))
  const worker = await world.startWorker()
  await world.drain()
  expect(world.alerts.map(({ code }) => code)).toEqual(['breaker_open', 'breaker_open'])
  await world.clock.run(worker.stop())
})

test('windows double again up to their full size', async () => {
  const world = new ModelWorld()
  let isWell = false
  const sizes = windowSizes(world.shard, (rows) => {
    isWell ||= rows === 1
    return isWell
  })
  await world.send(creates(200))
  const worker = await world.startWorker()
  await world.drain()
  // The window behind the one that applied was cut while that one ran: it is as small.
  expect(sizes.slice(sizes.indexOf(1))).toEqual([1, 1, 2, 4, 8, 16, 32, 64, 72])
  await world.clock.run(worker.stop())
})

test('a look at the row that times out waits for the breaker as well, and alerts once', async () => {
  const world = new ModelWorld()
  const { shard } = world
  shard.at('committed', fail('unclear'))
  for (let i = 0; i < 4; i++) shard.at('settle', fail('timeout'), i + 1)
  await world.send(creates(3))
  const worker = await world.startWorker()
  await world.clock.runFor(2.5 * breakerWaitMs)
  expect(shard.steps.filter((step) => step === 'settle')).toHaveLength(4)
  expect(world.alerts).toHaveLength(1)
  await world.drain()
  await world.clock.run(worker.stop())
})

test.each(['unclear', 'retry', 'reconnect', 'back_off', 'unknown'] as const)(
  'a window that never gets through (%s) is tried at growing intervals, and the status says why',
  async (action) => {
    const world = new ModelWorld()
    for (let i = 1; i < 100; i++) world.shard.at('commit', fail(action), i)
    await world.send(creates(3))
    const worker = await world.startWorker()
    await world.clock.runFor(60_000)
    const tries = world.shard.steps.filter((step) => step === 'begin').length
    expect(tries).toBeGreaterThan(10)
    expect(tries).toBeLessThan(26)
    expect(world.status()).toMatchObject({
      reason: 'backing_off',
      detail: `scripted: ${action}`,
    })
    await world.clock.run(worker.stop())
  },
)

test('an error that nobody knows is told once, and again after the shard had moved', async () => {
  const world = new ModelWorld()
  for (const nth of [1, 2, 4]) world.shard.at('run', fail('unknown'), nth)
  await world.send(creates(2))
  await world.send(creates(1, 9))
  const worker = await world.startWorker({ shardLimits: { pullSize: 1 } })
  await world.drain()
  expect(world.alerts.map(({ code }) => code)).toEqual([
    'unknown_database_error',
    'unknown_database_error',
  ])
  await world.clock.run(worker.stop())
})
