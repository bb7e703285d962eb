import { expect, test } from 'vitest'
import { cancelKey } from '../../core/cancel.ts'
import { LogError } from '../../core/log.ts'
import { StoreError } from '../../core/shard-store.ts'
import { ModelWorld } from '../support/model-world.ts'
import { creates, noteOperations } from './note-operations.ts'

/** What a cancel of a job would be, of messages up to `last` on the first shards. */
const start = { offset: 0, operation: 0 }

function cancelOf(job: string, last: number, shards = 1, from = start): string {
  const stretches = Array.from({ length: shards }, (_, shard) => ({ shard, from, last }))
  return JSON.stringify({ version: 1, job, tenant: 'tests', logId: 'log-1', stretches })
}

const cancel = (world: ModelWorld, job: string, last: number) =>
  world.log.control.put(cancelKey(job), cancelOf(job, last))

const notes = (world: ModelWorld) => world.shard.tables.snapshot()['note/0']?.length ?? 0
const away = () => new LogError('unreachable', 'the log is away')

test('a cancelled job needs no statement and no permit, wherever it stands among others', async () => {
  const world = new ModelWorld()
  await world.send(creates(5))
  await world.send(creates(1500, 100))
  await world.send(creates(5, 6))
  await cancel(world, 'job-1', 2)
  // A statement would cost ten seconds.
  const worker = await world.startWorker({ shardLimits: { statementsPerSecond: 0.1 } })
  await world.drain(100)
  expect(world.cancelled()).toEqual({ 'job-1': 1500 })
  expect(notes(world)).toBe(10)
  expect(world.failures()).toEqual([])
  await world.clock.run(worker.stop())
})

test('what is behind a job’s last message is not cancelled, though it has the same job', async () => {
  const world = new ModelWorld()
  await world.send(creates(4), { messageOperations: 2 })
  await cancel(world, 'job-0', 0)
  const worker = await world.startWorker()
  await world.drain()
  expect(world.cancelled()).toEqual({ 'job-0': 2 })
  expect(notes(world)).toBe(2)
  await world.clock.run(worker.stop())
})

test('control is read to its end at each claim before anything runs', async () => {
  const world = new ModelWorld()
  await world.send(creates(3))
  await cancel(world, 'job-0', 0)
  world.log.controlAgeMs = Number.POSITIVE_INFINITY
  world.log.fail('catchUp', away(), 3)
  const worker = await world.startWorker()
  await world.clock.runFor(600)
  expect(world.shard.steps).not.toContain('begin')
  expect(worker.reports.get(world.shard.id)).toMatchObject({ reason: 'backing_off' })
  world.log.controlAgeMs = 0
  await world.drain()
  expect(world.cancelled()).toEqual({ 'job-0': 3 })
  expect(notes(world)).toBe(0)
  await world.clock.run(worker.stop())
})

test('a worker that stood still reads control before it goes on', async () => {
  const world = new ModelWorld()
  const worker = await world.startWorker()
  await world.clock.runFor(1000)
  world.log.controlAgeMs = 5000
  await world.send(creates(3))
  await cancel(world, 'job-0', 0)
  await world.clock.runFor(1000)
  expect(world.shard.steps).not.toContain('begin')
  world.log.controlAgeMs = 0
  await world.drain()
  expect(world.cancelled()).toEqual({ 'job-0': 3 })
  expect(notes(world)).toBe(0)
  await world.clock.run(worker.stop())
})

test('while control cannot be read for long, windows go on by what was known, and somebody is told', async () => {
  const world = new ModelWorld(2)
  await cancel(world, 'job-0', 0)
  const worker = await world.startWorker()
  await world.clock.runFor(1000)
  world.log.controlAgeMs = 29_000
  await world.send(creates(3), { shard: 0 })
  await world.send(creates(2), { shard: 1 })
  await world.clock.runFor(1000)
  expect([world.isDrained(0), world.isDrained(1)]).toEqual([false, false])
  world.log.controlAgeMs = 30_000
  await world.drain()
  expect(world.cancelled()).toEqual({ 'job-0': 3 })
  expect(world.alerts.map(({ code }) => code)).toEqual(['control_unread'])
  await world.clock.run(worker.stop())
})

test('a shard that is taken over while control is long away goes on by what was known', async () => {
  const world = new ModelWorld()
  await cancel(world, 'job-0', 0)
  const worker = await world.startWorker()
  await world.clock.runFor(1000)
  world.log.controlAgeMs = 40_000
  world.log.fail('catchUp', away(), 100)
  world.shard.epoch = 'of another owner'
  await world.send(creates(3))
  await world.drain()
  expect(world.shard.claims).toBe(2)
  expect(world.cancelled()).toEqual({ 'job-0': 3 })
  await world.clock.run(worker.stop())
})

test('what control says that this worker does not know is told, and changes nothing', async () => {
  const world = new ModelWorld()
  await world.log.control.put('pause/0', '{"version":1}')
  await world.log.control.put(cancelKey('job-0'), '{"version":2}')
  const worker = await world.startWorker()
  await world.send(creates(2))
  await world.drain()
  expect(notes(world)).toBe(2)
  expect(world.alerts).toEqual([
    { code: 'control_unknown', message: expect.stringContaining('"pause/0"') },
    { code: 'control_unknown', message: expect.stringContaining('"cancel/job-0"') },
  ])
  expect(world.log.controls.size).toBe(2)
  await world.clock.run(worker.stop())
})

test('the status tells at once how far control was read, but not before what runs is over', async () => {
  const world = new ModelWorld()
  const worker = await world.startWorker()
  await world.clock.runFor(1500)
  expect(world.status()).toMatchObject({ controlOffset: 0 })
  await cancel(world, 'job-7', 0)
  await world.clock.runFor(0)
  expect(world.status()).toMatchObject({ controlOffset: 1 })
  // A window that was decided before the cancel is in the database.
  const gate = Promise.withResolvers<void>()
  world.shard.at('commit', () => gate.promise)
  await world.send(creates(2))
  await world.clock.runFor(20)
  await cancel(world, 'job-0', 0)
  await world.clock.runFor(2000)
  expect(world.status()).toMatchObject({ controlOffset: 1 })
  gate.resolve()
  await world.clock.runFor(0)
  expect(world.status()).toMatchObject({ controlOffset: 2 })
  expect(notes(world)).toBe(2)
  await world.clock.run(worker.stop())
})

test('a cancel is kept as long as the log holds its job, for a restored database, and removed then', async () => {
  const world = new ModelWorld(2)
  await world.send(creates(3), { shard: 0 })
  await world.log.control.put(cancelKey('job-0'), cancelOf('job-0', 0, 2))
  const worker = await world.startWorker()
  await world.drain()
  await world.clock.runFor(3_600_000)
  world.shard.position = { ...world.shard.position, offset: 0 as never }
  await world.send(creates(1, 50), { shard: 0 })
  await world.drain()
  expect(world.cancelled()).toEqual({ 'job-0': 6 })
  world.log.trim(0, 1)
  await world.clock.runFor(700_000)
  expect(world.log.controls.size).toBe(1)
  world.log.skipOffsets(1, 1)
  world.log.trim(1, 1)
  await world.clock.runFor(700_000)
  expect(world.log.controls.size).toBe(0)
  await world.clock.run(worker.stop())
})

test('a cancel that comes while a window waits for its permits still cancels it', async () => {
  const world = new ModelWorld()
  await world.send(creates(1))
  await world.send(creates(600, 100))
  await world.send(creates(2, 50))
  // The second statement waits ten seconds for its permit.
  const worker = await world.startWorker({
    shardLimits: { statementsPerSecond: 0.1, pullSize: 1 },
  })
  await world.clock.runFor(1000)
  expect(notes(world)).toBe(1)
  await cancel(world, 'job-1', 1)
  await world.clock.runFor(0)
  expect(world.status()).toMatchObject({ controlOffset: 1, reason: 'limited' })
  await world.drain(30_000)
  expect(world.cancelled()).toEqual({ 'job-1': 600 })
  expect(notes(world)).toBe(3)
  await world.clock.run(worker.stop())
})

test('what stands between cancelled operations of its window is planned anew, in log order', async () => {
  const world = new ModelWorld()
  const { create, update, delete: remove, increment } = noteOperations()
  await world.send([create(1, { title: 'first' }), create(2), create(3)])
  await world.send([
    update(1, { title: 'cancelled' }),
    remove(2),
    remove(3),
    increment(1, { saves: 5 }),
  ])
  await world.send([update(1, { body: 'b' }), increment(2, { saves: 1 }), create(3), update(9)])
  world.shard.at('begin', () => cancel(world, 'job-1', 1))
  const worker = await world.startWorker()
  await world.drain()
  expect(world.cancelled()).toEqual({ 'job-1': 4 })
  expect(world.failures()).toEqual(['job-2/9 already_exists', 'job-2/10 not_found'].sort())
  expect(world.superseded()).toEqual({})
  expect(world.shard.tables.snapshot()['note/0']).toMatchObject([
    { id: '1', title: 'first', body: 'b', saves: 0 },
    { id: '2', saves: 1 },
    { id: '3' },
  ])
  expect(worker.reports.get(world.shard.id)!.status()).toMatchObject({ position: { offset: 3 } })
  await world.clock.run(worker.stop())
})

test('a shard that stopped amid a window tells that nothing runs any more', async () => {
  const world = new ModelWorld()
  const worker = await world.startWorker()
  await world.clock.runFor(1000)
  world.shard.at('run', () => {
    throw new StoreError('stop', '1146', 'the table is away')
  })
  await world.send(creates(3))
  await world.clock.runFor(1000)
  expect(world.status()).toMatchObject({ reason: 'stopped', controlOffset: 0 })
  await cancel(world, 'job-0', 0)
  await world.clock.runFor(0)
  expect(world.status()).toMatchObject({ reason: 'stopped', controlOffset: 1 })
  await world.drain()
  expect(world.cancelled()).toEqual({ 'job-0': 3 })
  await world.clock.run(worker.stop())
})
