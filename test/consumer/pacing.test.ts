import { describe, expect, test } from 'vitest'
import { StoreError } from '../../core/shard-store.ts'
import { windowStatements } from '../../core/window-limits.ts'
import { withRowsPerStatement } from '../support/model-type.ts'
import { ModelWorld } from '../support/model-world.ts'
import { note } from '../support/sample-types.ts'
import { noteOperations } from './note-operations.ts'

/** A statement per operation. */
const rowByRow = { ...note, rowsPerStatement: withRowsPerStatement(1) }

/** Deletes of what is not there: each a statement, and no rows to keep. */
function deletes(count: number) {
  const make = noteOperations()
  return Array.from({ length: count }, (_, i) => make.delete(i))
}

/** A world that notes when each statement runs. */
function pacedWorld() {
  const world = new ModelWorld(1, [rowByRow])
  const timesMs: number[] = []
  world.shard.onStatement = () => {
    timesMs.push(world.clock.monotonicMs())
  }
  return { world, timesMs }
}

function limitedTo(statementsPerSecond: number, pullSize = 10) {
  return { statementsPerSecond, rowsPerSecond: Number.POSITIVE_INFINITY, pullSize }
}

/** The most statements by which any stretch of time is above the rate. */
function mostAbove(timesMs: readonly number[], perSecond: number): number {
  let most = 0
  let lowest = Number.POSITIVE_INFINITY
  timesMs.forEach((timeMs, i) => {
    const level = i - (timeMs * perSecond) / 1000
    lowest = Math.min(lowest, level)
    most = Math.max(most, level + 1 - lowest)
  })
  return most
}

describe.each([1, 10, 50, 700])('at %i statements per second', (rate) => {
  const window = windowStatements(rate, 8)

  test('30 s take as many statements, within one window, and no stretch takes more', async () => {
    const { world, timesMs } = pacedWorld()
    await world.send(deletes(rate * 30 + 100))
    const worker = await world.startWorker({ shardLimits: limitedTo(rate) })
    await world.clock.runFor(30_000)
    expect(Math.abs(timesMs.length - rate * 30)).toBeLessThanOrEqual(window)
    expect(mostAbove(timesMs, rate)).toBeLessThanOrEqual(window + 1e-6)
    await world.clock.run(worker.stop())
  })

  test('idling saves nothing up', async () => {
    const { world, timesMs } = pacedWorld()
    const worker = await world.startWorker({ shardLimits: limitedTo(rate) })
    for (let i = 0; i < 5; i++) {
      await world.send(deletes(2 * rate))
      await world.clock.runFor(20_000)
    }
    expect(timesMs).toHaveLength(10 * rate)
    expect(mostAbove(timesMs, rate)).toBeLessThanOrEqual(window + 1e-6)
    await world.clock.run(worker.stop())
  })
})

test.each([1, 5])('what runs again after deadlocks is paid again, at %i/s', async (rate) => {
  const { world, timesMs } = pacedWorld()
  for (let i = 1; i < 60; i += 2) {
    world.shard.at(
      'commit',
      () => {
        throw new StoreError('retry', '1213', 'a deadlock')
      },
      i,
    )
  }
  await world.send(deletes(rate * 30))
  const worker = await world.startWorker({ shardLimits: limitedTo(rate) })
  await world.clock.runFor(30_000)
  expect(timesMs.length).toBeGreaterThan(rate * 25)
  expect(mostAbove(timesMs, rate)).toBeLessThanOrEqual(1 + 1e-6)
  await world.clock.run(worker.stop())
})

/** Creates, of which every tenth fails: in one statement, so that isolating them takes many. */
function worldWithBadRows() {
  const world = new ModelWorld(1, [{ ...note, independent: false }])
  const timesMs: number[] = []
  world.shard.onStatement = () => {
    timesMs.push(world.clock.monotonicMs())
  }
  const make = noteOperations()
  const operations = Array.from({ length: 200 }, (_, i) =>
    make.create(i, { score: i % 10 === 0 ? 99 : 1 }),
  )
  return { world, timesMs, operations }
}

test('the statements of isolating bad rows are waited out after', async () => {
  const { world, timesMs, operations } = worldWithBadRows()
  await world.send(operations, { messageOperations: 20 })
  const worker = await world.startWorker({ shardLimits: limitedTo(10, 1) })
  await world.drain()
  expect(timesMs.length).toBeGreaterThan(50)
  // A window's isolation may run ahead of the rate, the whole run may not.
  const perWindow = timesMs.length / 10
  expect(mostAbove(timesMs, 10)).toBeLessThanOrEqual(2 * perWindow)
  await world.clock.run(worker.stop())
})

test('isolation that is given up is charged for what it ran', async () => {
  const { world, timesMs, operations } = worldWithBadRows()
  await world.send(operations)
  const worker = await world.startWorker({
    limits: { maxIsolationStatements: 5 },
    shardLimits: limitedTo(10),
  })
  await world.drain()
  expect(timesMs.length).toBeGreaterThan(100)
  expect(mostAbove(timesMs, 10)).toBeLessThanOrEqual(2 * (1 + 5))
  await world.clock.run(worker.stop())
})

test('a limit on rows counts a row for each table that it is written to', async () => {
  const world = new ModelWorld()
  const rows: number[] = []
  world.shard.onStatement = (statement) => {
    rows.push(statement.rows.length)
  }
  const make = (id: number) => ({
    index: id,
    type: 'pin',
    kind: 'create' as const,
    object: { id: String(id), userId: '7', title: 'a' },
  })
  for (let i = 0; i < 11; i++) await world.send([make(i)])
  const worker = await world.startWorker({
    shardLimits: { ...limitedTo(Number.POSITIVE_INFINITY, 1), rowsPerSecond: 6 },
  })
  // A pin's create writes three tables: two a second.
  await world.clock.runFor(4_900)
  expect(rows).toHaveLength(3 * 10)
  await world.clock.run(worker.stop())
})

test('a window is paid for before its transaction opens, and nothing is waited for inside', async () => {
  const { world } = pacedWorld()
  const events: string[] = []
  world.clock.onSleep = (ms) => {
    // The others are the status's second and the idle look-up.
    if (ms < 250) events.push('wait')
    if (world.shard.open) events.push('wait inside')
  }
  for (const step of ['begin', 'commit'] as const) {
    for (let i = 1; i <= 4; i++) world.shard.at(step, () => events.push(step), i)
  }
  await world.send(deletes(4))
  const worker = await world.startWorker({ shardLimits: limitedTo(5) })
  await world.drain()
  expect(events).toEqual([
    ...['begin', 'commit'],
    ...['wait', 'begin', 'commit'],
    ...['wait', 'begin', 'commit'],
    ...['wait', 'begin', 'commit'],
  ])
  await world.clock.run(worker.stop())
})

test('a stop during the wait for permits applies nothing more, at once', async () => {
  const { world, timesMs } = pacedWorld()
  await world.send(deletes(5))
  const worker = await world.startWorker({ shardLimits: limitedTo(1) })
  await world.clock.runFor(1500)
  expect(timesMs).toHaveLength(2)
  const begun = world.shard.steps.filter((step) => step === 'begin').length
  await worker.stop()
  expect(world.shard.steps.filter((step) => step === 'begin')).toHaveLength(begun)
  expect(world.shard.position).toEqual({ offset: 0, operation: 2 })
})
