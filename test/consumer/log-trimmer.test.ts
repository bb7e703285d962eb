import { describe, expect, test } from 'vitest'
import { LogError } from '../../core/log.ts'
import { shardId } from '../../core/position.ts'
import { StoreError } from '../../core/shard-store.ts'
import type { ModelShard } from '../support/model-shard.ts'
import { ModelWorld } from '../support/model-world.ts'
import { creates } from './note-operations.ts'

const retainHours = 0.1
const retainMs = 360_000
/** Notes are a 500th of the retention apart, and looked at as often. */
const slackMs = 2_000
const limits = { retainHours }

async function earliest(world: ModelWorld, shard = 0): Promise<number> {
  return (await world.log.bounds(shardId(shard))).earliest
}

/** Some requests, one after the other. */
async function sendSome(world: ModelWorld, firstId: number, shard = 0): Promise<void> {
  for (let n = 0; n < 5; n++) await world.send(creates(2, firstId + 2 * n), { shard })
}

function backupOf({ tables, position, notes }: ModelShard): Partial<ModelShard> {
  return { tables, position, notes: [...notes] }
}

function rowsOf({ tables }: ModelShard): number {
  return tables.snapshot()['note/0']?.length ?? 0
}

describe('the log behind a shard', () => {
  test('keeps what was applied for so long, then lets it go', async () => {
    const world = new ModelWorld(2)
    const worker = await world.startWorker({ limits })
    await sendSome(world, 1)
    await world.drain()
    await world.clock.runFor(retainMs / 2)
    await sendSome(world, 100)
    await sendSome(world, 1, 1)
    await world.drain()
    await world.clock.runFor(retainMs / 2 - slackMs)
    expect([await earliest(world), await earliest(world, 1)]).toEqual([0, 0])
    await world.clock.runFor(2 * slackMs)
    expect([await earliest(world), await earliest(world, 1)]).toEqual([5, 0])
    await world.clock.runFor(retainMs / 2)
    expect([await earliest(world), await earliest(world, 1)]).toEqual([10, 5])
    expect(world.shard.notes).toHaveLength(1)
    expect(world.alerts).toEqual([])
    await world.clock.run(worker.stop())
  })

  test('keeps what waits, however long the shard is stopped', async () => {
    const world = new ModelWorld()
    const worker = await world.startWorker({ limits })
    await sendSome(world, 1)
    await world.drain()
    const { shard } = world
    const stopped = new StoreError('stop', '1146', 'no such table')
    for (let n = 1; n < 100; n++) shard.at('begin', () => Promise.reject(stopped), n)
    await sendSome(world, 100)
    await world.clock.runFor(4 * retainMs)
    expect(world.alerts).toMatchObject([{ code: 'shard_stopped_database' }])
    expect(await earliest(world)).toBe(5)
    expect(world.log.messages[0]).toHaveLength(5)
    await world.clock.run(worker.stop())
  })

  test('holds all that a database restored within the time applies again', async () => {
    const world = new ModelWorld()
    const worker = await world.startWorker({ limits })
    for (let round = 0; round < 12; round++) {
      await sendSome(world, 1 + 10 * round)
      await world.clock.runFor(retainMs / 4)
    }
    const { shard } = world
    const backup = backupOf(shard)
    for (let round = 12; round < 16; round++) {
      await sendSome(world, 1 + 10 * round)
      await world.clock.runFor(retainMs / 4 - 1000)
    }
    expect(await earliest(world)).toBeGreaterThan(0)
    Object.assign(shard, backup)
    expect(rowsOf(shard)).toBe(120)
    // What comes next finds the position elsewhere, and all is applied again from there.
    await world.send(creates(1, 1000))
    await world.drain()
    expect(rowsOf(shard)).toBe(161)
    expect(world.alerts).toEqual([])
    await world.clock.runFor(2 * retainMs)
    expect(await earliest(world)).toBe(shard.position.offset)
    await world.clock.run(worker.stop())
  })

  test('is trimmed by two workers that both think the shard theirs no further than by one', async () => {
    const world = new ModelWorld()
    const first = await world.startWorker({ limits })
    await sendSome(world, 1)
    await world.drain()
    await world.clock.runFor(retainMs)
    // The first one hangs amid its round, and the second takes over.
    world.shard.at('history', () => world.clock.sleep(60_000))
    await world.clock.runFor(2_000)
    const second = await world.startWorker({ limits, owner: 'worker-2' })
    world.log.group.shareOut(() => world.log.members[1])
    await sendSome(world, 100)
    await world.drain()
    await world.clock.runFor(70_000)
    expect(await earliest(world)).toBe(5)
    await world.clock.run(first.stop())
    await world.clock.run(second.stop())
    expect(world.alerts).toEqual([])
  })
})

describe('a log that can’t be trimmed', () => {
  test('stops nothing; it is told, once it lasts, and that it is over', async () => {
    const world = new ModelWorld()
    const worker = await world.startWorker({ limits })
    await sendSome(world, 1)
    await world.drain()
    await world.clock.runFor(retainMs - 10_000)
    world.log.fail('trim', new LogError('unreachable', 'may not delete'), 20)
    await world.clock.runFor(10_000 + slackMs)
    expect(world.status()).toMatchObject({ reason: 'idle', trimProblem: 'may not delete' })
    await sendSome(world, 100)
    await world.drain()
    await world.clock.runFor(10_000)
    expect(world.alerts).toEqual([
      {
        shard: 0,
        code: 'log_trim_failed',
        message: "the log can't be trimmed behind the shard, and grows: may not delete",
      },
    ])
    await world.clock.runFor(30_000)
    expect(world.status()).not.toHaveProperty('trimProblem')
    expect(await earliest(world)).toBe(5)
    await world.clock.run(worker.stop())
  })

  test('is no news where it is for a moment', async () => {
    const world = new ModelWorld()
    const away = () => Promise.reject(new StoreError('reconnect', 'ECONNREFUSED', 'away'))
    for (const nth of [1, 2]) world.shard.at('history', away, nth)
    const worker = await world.startWorker({ limits })
    await world.clock.runFor(10_000)
    expect([world.alerts, world.shard.notes.length]).toEqual([[], 1])
    await world.clock.run(worker.stop())
  })

  test.each([
    ['ahead', 600_000],
    ['behind', -600_000],
  ])('is left alone while the database’s clock is %s', async (_, apartMs) => {
    const world = new ModelWorld()
    const worker = await world.startWorker({ limits })
    await sendSome(world, 1)
    await world.drain()
    await world.clock.runFor(10_000)
    const { length } = world.shard.notes
    world.databaseMs = () => world.clock.epochMs() + apartMs
    await sendSome(world, 100)
    await world.clock.runFor(retainMs)
    expect(await earliest(world)).toBe(0)
    expect(world.shard.notes).toHaveLength(length)
    expect(world.status().trimProblem).toBe(
      "this machine's clock and the database's are 600 s apart: set them right",
    )
    await world.clock.run(worker.stop())
  })

  test('does not keep a worker from stopping, though its database hangs', async () => {
    const world = new ModelWorld()
    const worker = await world.startWorker({ limits })
    await world.clock.runFor(5_000)
    world.shard.at('history', () => new Promise(() => {}))
    await sendSome(world, 1)
    await world.drain()
    await world.clock.runFor(5_000)
    const beganMs = world.clock.monotonicMs()
    await world.clock.run(worker.stop())
    expect(world.clock.monotonicMs() - beganMs).toBeLessThan(2000)
  })
})

test('the room that is left in the log is in the status', async () => {
  const world = new ModelWorld()
  const worker = await world.startWorker({ limits })
  await world.clock.runFor(6_000)
  expect(world.status()).not.toHaveProperty('headroom')
  world.log.room = { freeBytes: 5, totalBytes: 10 }
  await world.clock.runFor(15_000)
  expect(world.status().headroom).toEqual({ freeBytes: 5, totalBytes: 10 })
  world.log.fail('headroom', new LogError('unreachable', 'away'), 1000)
  await world.clock.runFor(15_000)
  expect(world.status()).not.toHaveProperty('headroom')
  await world.clock.run(worker.stop())
})
