import { describe, expect, test } from 'vitest'
import type { Worker } from '../../consumer/worker.ts'
import { retryHeader } from '../../core/message.ts'
import { StoreError } from '../../core/shard-store.ts'
import type { Statement } from '../../core/statement.ts'
import { ModelWorld } from '../support/model-world.ts'
import { creates } from './note-operations.ts'

/** Statements that have one of these rows meet an error that nobody knows. */
function poison(world: ModelWorld, ...ids: readonly string[]) {
  world.shard.onStatement = ({ rows }: Statement) => {
    if (rows.some(({ set }) => ids.includes(String(set.id)))) throw unknown()
  }
}

function isStopped(worker: Worker): boolean {
  return [...worker.reports.values()].some(({ reason }) => reason === 'stopped')
}

const unknown = () => new StoreError('unknown', 'ER_NEW', 'MySQL error 9999 ER_NEW')

test.each([
  ['first', ['1']],
  ['amid', ['13']],
  ['last', ['32']],
  ['two neighbours', ['7', '8']],
  ['three apart', ['3', '15', '16']],
])('one operation alone is rejected where its neighbours apply: %s', async (_, ids) => {
  const world = new ModelWorld()
  poison(world, ...ids)
  await world.send(creates(32))
  const worker = await world.startWorker()
  await world.drain()
  expect(world.failures()).toEqual(ids.map((id) => `job-0/${Number(id) - 1} rejected`).sort())
  expect(Object.values(world.shard.tables.snapshot())[0]).toHaveLength(32 - ids.length)
  expect(world.alerts.every(({ code }) => code === 'unknown_database_error')).toBe(true)
  await world.clock.run(worker.stop())
})

test('an operation that has no neighbours is no failure: it waits for one', async () => {
  const world = new ModelWorld()
  poison(world, '1')
  await world.send(creates(1))
  const worker = await world.startWorker()
  await world.clock.runFor(120_000)
  expect(world.failures()).toEqual([])
  expect(world.status()).toMatchObject({ reason: 'backing_off' })
  await world.send(creates(1, 9))
  await world.drain()
  expect(world.failures()).toEqual(['job-0/0 rejected'])
  await world.clock.run(worker.stop())
})

test('a neighbour that does not run, since it was settled before, shows nothing', async () => {
  const world = new ModelWorld()
  poison(world, '1')
  await world.send(creates(1))
  // A retry of a failure that is recorded no more.
  const headers = { [retryHeader]: 'another job' }
  await world.send(creates(1, 5), { job: 'retry', headers })
  const worker = await world.startWorker()
  await world.clock.runFor(120_000)
  expect(world.failures()).toEqual([])
  await world.send(creates(1, 9))
  await world.drain()
  expect(world.failures()).toEqual(['job-0/0 rejected', 'retry/0 failure_gone'])
  expect(Object.values(world.shard.tables.snapshot())[0]).toMatchObject([{ id: '9' }])
  await world.clock.run(worker.stop())
})

test('what applied before the error was met shows nothing', async () => {
  const world = new ModelWorld()
  poison(world, '2')
  await world.send(creates(1))
  const worker = await world.startWorker()
  await world.drain()
  await world.send(creates(1, 2))
  await world.clock.runFor(120_000)
  expect(world.failures()).toEqual([])
  expect(world.status()).toMatchObject({ reason: 'backing_off' })
  await world.send(creates(1, 3))
  await world.drain()
  expect(world.failures()).toEqual(['job-1/0 rejected'])
  await world.clock.run(worker.stop())
})

test('what meets the error is found, however little is pulled at a time', async () => {
  const world = new ModelWorld()
  poison(world, '1', '2', '3')
  for (let id = 1; id <= 5; id++) await world.send(creates(1, id))
  const worker = await world.startWorker({ shardLimits: { pullSize: 1 } })
  await world.drain()
  expect(world.failures()).toEqual(['job-0/0 rejected', 'job-1/0 rejected', 'job-2/0 rejected'])
  await world.clock.run(worker.stop())
})

describe('of two types that take turns', () => {
  const mixed = Array.from({ length: 12 }, (_, index) => {
    const object = { id: String(index), userId: '7' }
    return { index, type: index % 2 === 0 ? 'note' : 'profile', kind: 'create', object } as const
  })

  test('one whose table fails as a whole stops the shard, and nothing is recorded', async () => {
    const world = new ModelWorld()
    let isBroken = true
    world.shard.onStatement = ({ type }) => {
      if (isBroken && type.name === 'note') throw unknown()
    }
    await world.send(mixed)
    const worker = await world.startWorker()
    await world.clock.runUntil(() => isStopped(worker))
    expect(world.failures()).toEqual([])
    isBroken = false
    await world.drain()
    expect(world.failures()).toEqual([])
    await world.clock.run(worker.stop())
  })

  test('one operation is rejected where another of its type applies', async () => {
    const world = new ModelWorld()
    poison(world, '4')
    await world.send(mixed)
    const worker = await world.startWorker()
    await world.drain()
    expect(world.failures()).toEqual(['job-0/4 rejected'])
    await world.clock.run(worker.stop())
  })
})

test('an operation and its retry that a restored shard meets again end as they had ended', async () => {
  const world = new ModelWorld()
  poison(world, '1')
  await world.send(creates(1))
  await world.send(creates(1), { job: 'retry', headers: { [retryHeader]: 'job-0' } })
  await world.send(creates(1, 9))
  const worker = await world.startWorker()
  await world.drain()
  expect(world.failures()).toEqual(['job-0/0 rejected', 'retry/0 rejected'])
  await world.clock.run(worker.stop())
})

test('if every operation fails the shard stops with an alert, records nothing, and goes on once it is over', async () => {
  const world = new ModelWorld()
  let isBroken = true
  world.shard.onStatement = () => {
    if (isBroken) throw unknown()
  }
  await world.send(creates(64))
  const worker = await world.startWorker()
  await world.clock.runUntil(() => isStopped(worker))
  expect(world.failures()).toEqual([])
  expect(world.alerts).toMatchObject([
    { code: 'unknown_database_error' },
    {
      code: 'shard_stopped_database',
      message:
        'operation after operation fails with an error that Sluice does not know: MySQL error 9999 ER_NEW; nothing of it is recorded',
    },
  ])
  isBroken = false
  await world.drain()
  expect(world.failures()).toEqual([])
  await world.clock.run(worker.stop())
})

test('what the server takes no statement of is cut until it does', async () => {
  const world = new ModelWorld()
  const sizes: number[] = []
  world.shard.onStatement = ({ rows }) => {
    sizes.push(rows.length)
    if (rows.length > 5) throw new StoreError('too_large', 'PACKET', 'above max_allowed_packet')
  }
  await world.send(creates(64))
  const worker = await world.startWorker()
  await world.drain()
  expect(sizes.slice(0, 5)).toEqual([64, 32, 16, 8, 4])
  expect(world.alerts).toEqual([])
  await world.clock.run(worker.stop())
})

test('one operation that is too large by itself stops the shard until the server takes it', async () => {
  const world = new ModelWorld()
  let isSmall = true
  world.shard.onStatement = () => {
    if (isSmall) throw new StoreError('too_large', 'PACKET', 'above max_allowed_packet')
  }
  await world.send(creates(3))
  const worker = await world.startWorker()
  await world.clock.runUntil(() => isStopped(worker))
  expect(world.alerts.map(({ message }) => message)).toEqual([
    'above max_allowed_packet; one operation alone: raise max_allowed_packet',
  ])
  isSmall = false
  await world.drain()
  expect(world.failures()).toEqual([])
  await world.clock.run(worker.stop())
})
