import { expect, test } from 'vitest'
import { shardId } from '../../core/position.ts'
import { ModelWorld } from '../support/model-world.ts'
import { creates } from './note-operations.ts'

test('a stop lets the window under way finish, and begins no other', async () => {
  const world = new ModelWorld()
  const gate = Promise.withResolvers<void>()
  world.shard.at('run', () => gate.promise)
  await world.send(creates(3))
  await world.send(creates(3, 4))
  const worker = await world.startWorker({ shardLimits: { pullSize: 1 } })
  await world.clock.runUntil(() => world.shard.open !== undefined)
  let isStopped = false
  const stopped = worker.stop().then(() => {
    isStopped = true
  })
  await world.clock.runFor(60_000)
  expect(isStopped).toBe(false)
  gate.resolve()
  await stopped
  expect(world.shard.position).toEqual({ offset: 1, operation: 0 })
  expect(world.shard.steps.at(-1)).toBe('close')
  await world.clock.runFor(60_000)
  expect(world.shard.position).toEqual({ offset: 1, operation: 0 })
  await worker.done
})

test('a window that waits for its permits when its shard is given away is not begun', async () => {
  const world = new ModelWorld()
  await world.send(creates(1))
  await world.send(creates(1, 2))
  const worker = await world.startWorker({ shardLimits: { pullSize: 1, statementsPerSecond: 0.1 } })
  await world.clock.runUntil(() => world.shard.position.offset === 1)
  await world.clock.runFor(1000)
  world.log.group.shareOut(() => undefined)
  await world.clock.runFor(60_000)
  expect(world.shard.position.offset).toBe(1)
  expect(world.shard.steps.filter((step) => step === 'begin')).toHaveLength(1)
  await world.clock.run(worker.stop())
})

test('a second stop waits for the same end', async () => {
  const world = new ModelWorld()
  const worker = await world.startWorker()
  await world.clock.runFor(1000)
  await world.clock.run(Promise.all([worker.stop(), worker.stop()]))
  await worker.stop()
})

test('what is assigned while the worker stops is not claimed', async () => {
  const world = new ModelWorld(2)
  const { group } = world.log
  const worker = await world.startWorker()
  const [member] = world.log.members
  group.shareOut((shard) => (shard === 0 ? member : undefined))
  const gate = Promise.withResolvers<void>()
  world.shard.at('run', () => gate.promise)
  await world.send(creates(1))
  await world.clock.runUntil(() => world.shard.open !== undefined)
  const claims = world.shards.map((shard) => shard.claims)
  const stopped = worker.stop()
  // The shard that is still at work is assigned anew, and another one comes.
  group.shareOut(() => member)
  await world.clock.runFor(5000)
  gate.resolve()
  await world.clock.run(stopped)
  await world.clock.runFor(60_000)
  expect(world.shards.map((shard) => shard.claims)).toEqual(claims)
})

test('a worker that applies as many windows as it may makes others wait, and they say so', async () => {
  const world = new ModelWorld(2)
  const gate = Promise.withResolvers<void>()
  world.shards[0]!.at('run', () => gate.promise)
  await world.send(creates(1), { shard: 0 })
  const worker = await world.startWorker({ limits: { maxConcurrentWindows: 1 } })
  await world.clock.runUntil(() => world.shard.open !== undefined)
  await world.send(creates(1), { shard: 1 })
  await world.clock.runFor(10_000)
  expect(world.status(1).reason).toBe('worker_full')
  expect(world.shards[1]!.steps).not.toContain('begin')
  gate.resolve()
  await world.drain(1000)
  await world.clock.run(worker.stop())
})

test('a busy shard does not keep the worker to itself', async () => {
  const world = new ModelWorld(3)
  for (const shard of world.shards) shard.onStatement = () => world.clock.sleep(30)
  for (let i = 0; i < 100; i++) await world.send(creates(1, i), { shard: 0 })
  const worker = await world.startWorker({
    limits: { maxConcurrentWindows: 1, fullWorkerBackOffMs: 20 },
    shardLimits: { pullSize: 1 },
  })
  await world.clock.runFor(500)
  for (const shard of [1, 2]) await world.send(creates(1), { shard })
  await world.clock.runFor(500)
  expect([1, 2].map((shard) => world.isDrained(shard))).toEqual([true, true])
  expect(world.isDrained(0)).toBe(false)
  await world.drain()
  await world.clock.run(worker.stop())
})

test('a stop while the worker is full applies nothing, and its place in the line is free', async () => {
  const world = new ModelWorld(3)
  const { group } = world.log
  const gate = Promise.withResolvers<void>()
  world.shards[0]!.at('run', () => gate.promise)
  await world.send(creates(1), { shard: 0 })
  const worker = await world.startWorker({ limits: { maxConcurrentWindows: 1 } })
  const [member] = world.log.members
  await world.clock.runUntil(() => world.shard.open !== undefined)
  await world.send(creates(1), { shard: 1 })
  await world.clock.runFor(1000)
  // Shard 1 is taken away while it waits; shard 2 comes behind it.
  group.shareOut((shard) => (shard === shardId(1) ? undefined : member))
  await world.send(creates(1), { shard: 2 })
  await world.clock.runFor(1000)
  expect(world.shards[1]!.steps).toEqual(['claim', 'close'])
  gate.resolve()
  await world.clock.runUntil(() => world.isDrained(2), 1000)
  await world.clock.run(worker.stop())
})
