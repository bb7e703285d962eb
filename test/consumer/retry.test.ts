import { expect, test } from 'vitest'
import { cancelKey } from '../../core/cancel.ts'
import { retryHeader } from '../../core/message.ts'
import type { Operation } from '../../core/operation.ts'
import { offset } from '../../core/position.ts'
import { StoreError } from '../../core/shard-store.ts'
import { ModelTables } from '../support/model-tables.ts'
import { ModelWorld } from '../support/model-world.ts'
import { noteOperations } from './note-operations.ts'

/** Sends failed operations of a job again, as a retry of it does. */
function retry(world: ModelWorld, job: string, operations: readonly Operation[], as = 'retry') {
  return world.send(operations, { job: as, headers: { [retryHeader]: job } })
}

const note = (world: ModelWorld, id: number) =>
  world.shard.tables.snapshot()['note/0']?.find((row) => row.id === String(id))

/** A world in which an increment and an update failed, whose object is there since. */
async function afterFailures() {
  const world = new ModelWorld()
  const make = noteOperations()
  const failed = [make.increment(1, { saves: 5 }), make.update(1, { title: 'late' })]
  await world.send([make.create(7), ...failed])
  await world.send([make.create(1)])
  const worker = await world.startWorker()
  await world.drain()
  expect(world.failures()).toEqual(['job-0/0 not_found', 'job-0/1 not_found'])
  return { world, worker, failed, make }
}

test('what is retried twice at once takes effect once, in one window', async () => {
  const { world, worker, failed } = await afterFailures()
  await Promise.all([retry(world, 'job-0', failed), retry(world, 'job-0', failed)])
  await world.drain()
  expect(note(world, 1)).toMatchObject({ saves: 5, title: 'late' })
  expect(world.failures()).toHaveLength(2)
  await world.clock.run(worker.stop())
})

test('what is retried again much later, by another worker, takes effect no more', async () => {
  const { world, worker, failed } = await afterFailures()
  await retry(world, 'job-0', failed)
  await world.drain()
  await world.clock.run(worker.stop())
  await world.clock.runFor(30 * 24 * 3_600_000)
  const next = await world.startWorker()
  await retry(world, 'job-0', failed)
  await world.drain()
  expect(note(world, 1)).toMatchObject({ saves: 5 })
  // Neither applied, nor failed, nor superseded: its job is the same, which has it counted already.
  expect(world.failures()).toHaveLength(2)
  expect(world.superseded()).toEqual({})
  await world.clock.run(next.stop())
})

test('a restored shard that replays failures and their retry comes out the same', async () => {
  const { world, worker, failed } = await afterFailures()
  const { shard } = world
  const before = shard.position
  await retry(world, 'job-0', failed)
  await world.drain()
  const rows = shard.tables.snapshot()
  expect(before.offset).toBe(2)
  // As it was at first: all that was sent since stands in the log at once.
  shard.tables = new ModelTables(world.types)
  shard.position = { offset: offset(0), operation: 0 }
  shard.records = []
  shard.retried.clear()
  await world.drain(15_000)
  expect(shard.tables.snapshot()).toEqual(rows)
  expect(world.failures()).toEqual(['job-0/0 not_found', 'job-0/1 not_found'])
  await world.clock.run(worker.stop())
})

test('what fails again is recorded under the retry, whose own retry takes effect once', async () => {
  const { world, worker, failed, make } = await afterFailures()
  await world.send([make.delete(1)])
  await retry(world, 'job-0', failed)
  await world.drain()
  expect(world.failures().slice(2)).toEqual(['retry/0 not_found', 'retry/1 not_found'])
  await world.send([make.create(1)])
  for (let i = 0; i < 3; i++) await retry(world, 'retry', failed, 'retry of retry')
  await retry(world, 'job-0', failed)
  await world.drain()
  expect(note(world, 1)).toMatchObject({ saves: 5 })
  await world.clock.run(worker.stop())
})

test('a window that is rolled back, or whose COMMIT is unclear, is retried as the first time', async () => {
  const { world, worker, failed } = await afterFailures()
  world.shard.at('record', () => {
    throw new StoreError('retry', '1213', 'a deadlock')
  })
  world.shard.at('committed', () => {
    throw new StoreError('unclear', '2013', 'no answer')
  })
  await retry(world, 'job-0', failed)
  await retry(world, 'job-0', failed)
  await world.drain()
  expect(world.shard.isScriptDone).toBe(true)
  expect(note(world, 1)).toMatchObject({ saves: 5 })
  expect(world.failures()).toHaveLength(2)
  await world.clock.run(worker.stop())
})

test('only what failed is sent again by it: all else is reported, and does nothing', async () => {
  const { world, worker, make } = await afterFailures()
  const stranger = { ...make.increment(1, { saves: 100 }), index: 50 }
  await retry(world, 'job-0', [stranger])
  await world.drain()
  expect(note(world, 1)).toMatchObject({ saves: 0 })
  expect(world.failures().slice(2)).toEqual(['retry/50 failure_gone'])
  await world.clock.run(worker.stop())
})

test('what is cancelled of a retry counts once, and does not begin when it is retried again', async () => {
  const { world, worker, failed } = await afterFailures()
  await world.clock.run(worker.stop())
  await retry(world, 'job-0', failed)
  const stretches = [{ shard: 0, from: { offset: 0, operation: 0 }, last: 2 }]
  const cancel = { version: 1, job: 'retry', tenant: 'tests', logId: 'log-1', stretches }
  await world.log.control.put(cancelKey('retry'), JSON.stringify(cancel))
  await retry(world, 'job-0', failed)
  const next = await world.startWorker()
  await world.drain()
  expect(world.cancelled()).toEqual({ retry: 2 })
  expect(note(world, 1)).toMatchObject({ saves: 0 })
  await world.clock.run(next.stop())
})
