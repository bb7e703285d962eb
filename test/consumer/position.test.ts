import { describe, expect, test } from 'vitest'
import { offset } from '../../core/position.ts'
import type { ModelShard } from '../support/model-shard.ts'
import { ModelWorld } from '../support/model-world.ts'
import { creates } from './note-operations.ts'

function standsAt(shard: ModelShard, at: number, operation = 0): void {
  shard.position = { offset: offset(at), operation }
}

function ids(shard: ModelShard): string[] {
  return (shard.tables.snapshot()['note/0'] ?? []).map(({ id }) => String(id)).sort()
}

test('what an idle shard’s log holds and does not bring stops the shard, and is read anew', async () => {
  const world = new ModelWorld()
  const worker = await world.startWorker()
  await world.send(creates(2))
  await world.drain()
  world.log.skipOffsets(0, 1)
  await world.clock.runUntil(() => world.alerts.length > 0, 30_000)
  expect(world.alerts).toMatchObject([
    {
      code: 'shard_stopped_log_out_of_range',
      message: expect.stringContaining(
        'the message at offset 1 is to come next, but the log, which ends at 2, has not brought it',
      ),
    },
  ])
  await world.clock.run(worker.stop())
})

test('a shard that stands inside a message goes on with its next operation', async () => {
  const world = new ModelWorld()
  await world.send(creates(2))
  await world.send(creates(5, 3))
  await world.send(creates(1, 8))
  standsAt(world.shard, 1, 3)
  const worker = await world.startWorker()
  await world.drain()
  expect(ids(world.shard)).toEqual(['6', '7', '8'])
  await world.clock.run(worker.stop())
})

test('windows that end inside messages leave the position there, and a new worker goes on', async () => {
  const world = new ModelWorld()
  const rows = { ...world.types.get('note')!, rowsPerStatement: { create: 2 } as never }
  world.types.set('note', rows)
  await world.send(creates(5))
  await world.send(creates(4, 6))
  const positions: string[] = []
  for (let i = 1; i < 10; i++) {
    const note = () => positions.push(Object.values(world.shard.position).join('.'))
    world.shard.at('committed', note, i)
  }
  const limits = { maxWindowStatements: 1 }
  const rates = { statementsPerSecond: 1 }
  const first = await world.startWorker({ limits, shardLimits: rates })
  await world.clock.runUntil(() => positions.length === 2)
  await world.clock.run(first.stop())
  const second = await world.startWorker({ limits, shardLimits: rates })
  await world.drain()
  expect(positions).toEqual(['0.2', '0.4', '1.1', '1.3', '2.0'])
  expect(ids(world.shard)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9'])
  expect(world.failures()).toEqual([])
  await world.clock.run(second.stop())
})

test('what stands before a message that is missing is applied, and what comes behind it is not', async () => {
  const world = new ModelWorld()
  for (let i = 0; i < 4; i++) await world.send(creates(2, 1 + i * 2))
  const [missing] = world.log.messages[0]!.splice(2, 1)
  const worker = await world.startWorker()
  await world.clock.runUntil(() => world.alerts.length > 0)
  expect(world.alerts).toMatchObject([
    {
      code: 'shard_stopped_log_out_of_range',
      message: expect.stringContaining(
        'the message at offset 2 is to come next, but the log brought the one at 3',
      ),
    },
  ])
  expect(ids(world.shard)).toEqual(['1', '2', '3', '4'])
  expect(world.shard.position).toEqual({ offset: 2, operation: 0 })
  // A client of the log that left it out brings it when it reads anew.
  world.log.messages[0]!.splice(2, 0, missing!)
  await world.drain()
  expect(ids(world.shard)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8'])
  expect(world.alerts).toHaveLength(1)
  await world.clock.run(worker.stop())
})

describe('a shard whose position the log can not serve stops with one alert and touches nothing', () => {
  const cases: Record<string, (world: ModelWorld) => void> = {
    'what comes next was deleted': (world) => world.log.trim(0, 2),
    'the log is shorter': (world) => standsAt(world.shard, 4),
    'the log ends before the message it stands in': (world) => standsAt(world.shard, 3, 1),
    'the message it stands in has fewer operations': (world) => standsAt(world.shard, 1, 2),
    'the message it stands in is not there': (world) => {
      world.log.messages[0]!.splice(1, 1)
      standsAt(world.shard, 1, 1)
    },
  }
  test.each(Object.entries(cases))('%s', async (_, make) => {
    const world = new ModelWorld()
    for (let i = 0; i < 3; i++) await world.send(creates(2, i * 2))
    make(world)
    const before = world.shard.position
    const worker = await world.startWorker()
    await world.clock.runFor(200_000)
    expect(world.alerts).toHaveLength(1)
    expect(world.alerts[0]!.code).toBe('shard_stopped_log_out_of_range')
    expect(world.status()).toMatchObject({ reason: 'stopped', detail: world.alerts[0]!.message })
    expect(world.shard.steps).not.toContain('begin')
    expect(world.shard.position).toBe(before)
    await world.clock.run(worker.stop())
  })

  test('also one whose database was restored to before the log begins', async () => {
    const world = new ModelWorld()
    const worker = await world.startWorker()
    for (let i = 0; i < 5; i++) await world.send(creates(2, i * 2))
    await world.drain()
    world.log.trim(0, 4)
    standsAt(world.shard, 2)
    await world.send(creates(1, 99))
    await world.clock.runFor(200_000)
    expect(world.alerts.map(({ code }) => code)).toEqual(['shard_stopped_log_out_of_range'])
    expect(world.shard.position).toEqual({ offset: 2, operation: 0 })
    expect(ids(world.shard)).not.toContain('99')
    await world.clock.run(worker.stop())
  })

  test('and one whose log is another', async () => {
    const world = new ModelWorld()
    world.shard.logId = 'log-0'
    await world.send(creates(1))
    const worker = await world.startWorker()
    await world.clock.runFor(200_000)
    expect(world.alerts.map(({ code }) => code)).toEqual(['shard_stopped_database'])
    expect(worker.reports.get(0 as never)?.reason).toBe('stopped')
    await world.clock.run(worker.stop())
  })
})
