import { expect, test } from 'vitest'
import { LogError } from '../../core/log.ts'
import { offset } from '../../core/position.ts'
import type { ModelShard } from '../support/model-shard.ts'
import { ModelTables } from '../support/model-tables.ts'
import { ModelWorld } from '../support/model-world.ts'
import { creates } from './note-operations.ts'

/** Notes the group's generation at each claim. */
function generationsAtClaims(world: ModelWorld, shard: ModelShard): number[] {
  const generations: number[] = []
  for (let i = 1; i < 10; i++) {
    shard.at('claim', () => generations.push(world.log.group.generation), i)
  }
  return generations
}

test('a shard that another owner took is claimed again only in a newer generation', async () => {
  const world = new ModelWorld(2)
  const generations = generationsAtClaims(world, world.shard)
  const worker = await world.startWorker()
  await world.clock.runFor(1000)
  world.shard.epoch = 'of another owner'
  const [member] = world.log.members
  member!.rejoinFaults.push(new LogError('unreachable', 'the group is away'))
  await world.send(creates(1), { shard: 0 })
  await world.clock.runUntil(() => member!.rejoins === 1)
  expect(generations).toEqual([1])
  // The other shard goes on meanwhile.
  await world.send(creates(1), { shard: 1 })
  await world.clock.runUntil(() => world.isDrained(1), 100)
  await world.drain()
  expect(generations).toEqual([1, 2])
  expect(member!.rejoins).toBe(2)
  expect(world.shards.map(({ claims }) => claims)).toEqual([2, 1])
  await world.clock.run(worker.stop())
})

test('a shard that another owner took is given up also while nothing comes', async () => {
  const world = new ModelWorld()
  const worker = await world.startWorker()
  await world.clock.runFor(1000)
  world.shard.epoch = 'of another owner'
  await world.clock.runUntil(() => world.log.members[0]!.rejoins === 1, 15_000)
  await world.clock.run(worker.stop())
})

test('shards that are lost one after the other are all claimed again', async () => {
  const world = new ModelWorld(4)
  const worker = await world.startWorker()
  await world.clock.runFor(1000)
  for (const shard of world.shards) shard.epoch = 'of another owner'
  // The second is found lost while the group is being joined for the first, and still closes then.
  const gate = Promise.withResolvers<void>()
  world.shards[1]!.at('close', () => gate.promise)
  for (const shard of [0, 1, 2, 3]) await world.send(creates(1), { shard })
  await world.clock.runFor(50)
  gate.resolve()
  await world.drain()
  await world.clock.run(worker.stop())
})

test('a shard that is lost while the group answers to a loss is not forgotten', async () => {
  const world = new ModelWorld(2)
  const worker = await world.startWorker()
  await world.clock.runFor(1000)
  const [member] = world.log.members
  const rejoin = member!.rejoin.bind(member)
  const answer = Promise.withResolvers<void>()
  // The new generation is there before the call that asked for it returns.
  member!.rejoin = async () => {
    await rejoin()
    await answer.promise
  }
  for (const shard of world.shards) shard.epoch = 'of another owner'
  await world.send(creates(1), { shard: 0 })
  await world.clock.runUntil(() => world.isDrained(0))
  await world.send(creates(1), { shard: 1 })
  await world.clock.runFor(1000)
  expect(world.shards[1]!.claims).toBe(1)
  answer.resolve()
  await world.drain()
  expect(world.shards.map(({ claims }) => claims)).toEqual([2, 2])
  await world.clock.run(worker.stop())
})

test('a shard given away and back during a window is claimed anew after that window', async () => {
  const world = new ModelWorld()
  const { group } = world.log
  const gate = Promise.withResolvers<void>()
  world.shard.at('run', () => gate.promise)
  await world.send(creates(3))
  await world.send(creates(3, 4))
  const worker = await world.startWorker({ shardLimits: { pullSize: 1 } })
  const [member] = world.log.members
  await world.clock.runUntil(() => world.shard.open !== undefined)
  for (let i = 0; i < 3; i++) {
    group.shareOut(() => undefined)
    await world.clock.runFor(100)
    group.shareOut(() => member)
    await world.clock.runFor(100)
  }
  expect(world.shard.steps.filter((step) => step === 'claim')).toHaveLength(1)
  gate.resolve()
  await world.drain()
  const { steps } = world.shard
  const ownership = steps.filter((step) => step === 'claim' || step === 'close')
  expect(ownership).toEqual(['claim', 'close', 'claim'])
  expect(world.failures()).toEqual([])
  expect(member!.rejoins).toBe(0)
  await world.clock.run(worker.stop())
})

test('a shard found lost only after it was given back makes nobody rejoin', async () => {
  const world = new ModelWorld()
  const { group } = world.log
  const gate = Promise.withResolvers<void>()
  world.shard.at('begin', () => gate.promise)
  await world.send(creates(3))
  const worker = await world.startWorker()
  const [member] = world.log.members
  await world.clock.runFor(1000)
  group.shareOut(() => undefined)
  await world.clock.runFor(100)
  world.shard.epoch = 'of another owner'
  gate.resolve()
  await world.clock.runFor(30_000)
  expect(member!.rejoins).toBe(0)
  expect(worker.reports.size).toBe(0)
  await world.clock.run(worker.stop())
})

test('two workers share the shards, and each one takes over what the other leaves', async () => {
  const world = new ModelWorld(4)
  const first = await world.startWorker()
  await world.clock.runFor(1000)
  const second = await world.startWorker({ owner: 'worker-2' })
  for (let i = 0; i < 40; i++) {
    await world.send(creates(1, i), { shard: i % 4 })
    await world.clock.runFor(50)
  }
  expect(new Set(world.shards.map(({ owner }) => owner))).toEqual(new Set(['worker-1', 'worker-2']))
  await world.clock.run(first.stop())
  for (let i = 40; i < 80; i++) await world.send(creates(1, i), { shard: i % 4 })
  await world.drain()
  expect(new Set(world.shards.map(({ owner }) => owner))).toEqual(new Set(['worker-2']))
  expect(world.shards.map((_, shard) => world.failures(shard))).toEqual([[], [], [], []])
  await world.clock.run(second.stop())
})

test('an idle worker finds out that its shard was claimed, and joins again for it', async () => {
  const world = new ModelWorld()
  const worker = await world.startWorker()
  await world.clock.runFor(1000)
  world.shard.epoch = 'of an operator'
  await world.clock.runUntil(() => world.shard.claims === 2, 15_000)
  expect(world.log.members[0]!.rejoins).toBe(1)
  await world.clock.run(worker.stop())
})

test('an idle worker finds out that its shard was restored, and applies again what is missing', async () => {
  const world = new ModelWorld()
  await world.send(creates(3))
  const worker = await world.startWorker()
  await world.drain()
  world.shard.position = { offset: offset(0), operation: 0 }
  world.shard.tables = new ModelTables([...world.types.values()])
  await world.clock.runUntil(() => world.isDrained(0), 15_000)
  expect(world.shard.claims).toBe(1)
  expect(world.failures()).toEqual([])
  await world.clock.run(worker.stop())
})
