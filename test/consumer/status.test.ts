import { describe, expect, test } from 'vitest'
import { LogError } from '../../core/log.ts'
import { StoreError } from '../../core/shard-store.ts'
import { ModelWorld } from '../support/model-world.ts'
import { creates } from './note-operations.ts'

/** Notes when the status of the first shard is published. */
function publishTimes(world: ModelWorld): number[] {
  const timesMs: number[] = []
  const { put } = world.log.status
  world.log.status.put = async (shard, value) => {
    await put(shard, value)
    if (shard === 0) timesMs.push(world.clock.monotonicMs())
  }
  return timesMs
}

describe("a shard's status", () => {
  test('is told at the claim, each second while it changes, and each fifth while it does not', async () => {
    const world = new ModelWorld()
    const timesMs = publishTimes(world)
    const worker = await world.startWorker({ shardLimits: { statementsPerSecond: 2, pullSize: 1 } })
    for (let i = 0; i < 20; i++) await world.send(creates(1, i))
    await world.clock.runFor(10_000)
    expect(timesMs).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((second) => second * 1000))
    // Once the rates of the last ten seconds are down to nothing, nothing changes.
    await world.clock.runFor(20_000)
    timesMs.length = 0
    await world.clock.runFor(20_000)
    expect(timesMs).toHaveLength(4)
    await world.clock.run(worker.stop())
  })

  test('says where it stands, whose it is, how fast it goes and why', async () => {
    const world = new ModelWorld()
    const worker = await world.startWorker({
      shardLimits: { statementsPerSecond: 2, pullSize: 1 },
    })
    // So that no window falls on the second in which the status is told.
    await world.clock.runFor(200)
    for (let i = 0; i < 100; i++) await world.send(creates(3, i * 3))
    await world.clock.runFor(19_850)
    const { position } = world.shard
    expect(world.status()).toEqual({
      version: 1,
      shard: 0,
      claim: 1,
      owner: 'worker-1',
      logId: 'log-1',
      position,
      reason: 'limited',
      statementsPerSecond: 2,
      statementRate: expect.closeTo(2, 0),
      operationRate: expect.closeTo(6, 0),
      messagesPerStatement: 1,
      controlOffset: 0,
      updatedAtMs: world.clock.epochMs() - 50,
    })
    await world.drain()
    await world.clock.runFor(30_000)
    expect(world.status()).toMatchObject({ reason: 'idle', statementRate: 0, operationRate: 0 })
    await world.clock.run(worker.stop())
  })

  test('has no limit where none is set, and carries the number of its claim', async () => {
    const world = new ModelWorld()
    const worker = await world.startWorker()
    await world.clock.runFor(6000)
    expect(world.status()).toMatchObject({ claim: 1, statementsPerSecond: null })
    world.shard.epoch = 'of another owner'
    await world.send(creates(1))
    await world.drain()
    await world.clock.runFor(6000)
    expect(world.status()).toMatchObject({ claim: 2 })
    await world.clock.run(worker.stop())
  })

  test('shows where a restored shard stands, and its pace is that of what it applies', async () => {
    const world = new ModelWorld()
    const { shard } = world
    const empty = shard.tables
    for (let i = 0; i < 50; i++) await world.send(creates(1, i))
    const worker = await world.startWorker({ shardLimits: { pullSize: 1 } })
    await world.drain()
    await world.clock.runFor(2000)
    shard.tables = empty
    shard.position = { ...shard.position, offset: 0 as never }
    await world.send(creates(1, 50))
    await world.drain()
    await world.clock.runFor(2000)
    expect(world.status().messagesPerStatement).toBe(1)
    await world.clock.run(worker.stop())
  })

  test('that can not be told now is told a second later', async () => {
    const world = new ModelWorld()
    const timesMs = publishTimes(world)
    world.log.fail('put', new LogError('unreachable', 'the log is away'), 2)
    const worker = await world.startWorker()
    await world.clock.runFor(4000)
    expect(timesMs).toEqual([2000])
    await world.clock.run(worker.stop())
  })

  test('tells of a claim before anything is decided under it', async () => {
    const world = new ModelWorld()
    let claim: number | undefined
    world.shard.at('begin', () => {
      claim = world.status().claim
    })
    await world.send(creates(1))
    const worker = await world.startWorker()
    await world.clock.runFor(100)
    expect(claim).toBe(1)
    await world.clock.run(worker.stop())
  })

  test('is no longer told of a shard that was given back', async () => {
    const world = new ModelWorld()
    const worker = await world.startWorker()
    await world.clock.runFor(2000)
    world.log.group.shareOut(() => undefined)
    await world.clock.runFor(2000)
    const timesMs = publishTimes(world)
    await world.clock.runFor(20_000)
    expect(timesMs).toEqual([])
    await world.clock.run(worker.stop())
  })

  test('says what keeps a worker from claiming it, over where it stood before', async () => {
    const world = new ModelWorld()
    const before = await world.startWorker()
    await world.clock.runFor(2000)
    await world.clock.run(before.stop())
    const { position, claim } = world.status()
    const stop = () => {
      throw new StoreError('stop', 'DRIFT', 'the table notes is missing')
    }
    for (let i = 1; i <= 3; i++) world.shard.at('claim', stop, i)
    const worker = await world.startWorker({ owner: 'worker-2' })
    await world.clock.runFor(2000)
    expect(world.status()).toMatchObject({
      owner: 'worker-2',
      reason: 'stopped',
      detail: 'the table notes is missing',
      position,
      claim,
    })
    await world.clock.run(worker.stop())
  })
})
