import { expect, test } from 'vitest'
import type { Operation } from '../../core/operation.ts'
import { ModelTables } from '../support/model-tables.ts'
import { modelType } from '../support/model-type.ts'
import { ModelWorld } from '../support/model-world.ts'

/** A column that takes less than the operations that wait for it say. */
function thing(most: number) {
  const score = { holds: 'integer', range: [0, most] } as const
  return modelType({ name: 'thing', ordinal: 0, key: ['id'], columns: { score } })
}

async function sendJobs(world: ModelWorld, jobs: number, each: number): Promise<void> {
  for (let job = 0; job < jobs; job++) {
    const operations = Array.from({ length: each }, (_, index): Operation => {
      const object = { id: String(job * each + index), userId: '7', score: 50 }
      return { index, type: 'thing', kind: 'create', object }
    })
    await world.send(operations)
  }
}

test('jobs that fail alike stop the shard before their failures are recorded, and all is applied once the cause is mended', async () => {
  const world = new ModelWorld(1, [thing(9)])
  await sendJobs(world, 3, 120)
  const worker = await world.startWorker()
  await world.clock.runUntil(() => world.alerts.length > 0)
  expect(world.alerts.map(({ code }) => code)).toEqual(['shard_stopped_failing_alike'])
  expect(world.alerts.at(-1)?.message).toMatch(
    /^3 jobs or more fail alike, beyond their credit: thing: the model says out_of_range \(out_of_range\)\. Nothing of it is recorded\. .*worker\.failingAlikeJobs to 0/,
  )
  const recorded = world.failures().length
  // However often it looks again.
  await world.clock.runFor(600_000)
  expect(world.failures()).toHaveLength(recorded)
  expect(recorded).toBeLessThanOrEqual(2 * 120 + 100)

  world.shard.tables = new ModelTables([thing(100)])
  await world.drain()
  expect(world.failures()).toHaveLength(recorded)
  expect(Object.values(world.shard.tables.snapshot())[0]).toHaveLength(3 * 120 - recorded)
  await world.clock.run(worker.stop())
})

test('one job that fails is its own fault', async () => {
  const world = new ModelWorld(1, [thing(9)])
  await sendJobs(world, 1, 300)
  const worker = await world.startWorker()
  await world.drain()
  expect(world.failures()).toHaveLength(300)
  expect(world.alerts).toEqual([])
  await world.clock.run(worker.stop())
})

test('a config may have them recorded', async () => {
  const world = new ModelWorld(1, [thing(9)])
  await sendJobs(world, 4, 150)
  const worker = await world.startWorker({ limits: { failingAlikeJobs: 0 } })
  await world.drain()
  expect(world.failures()).toHaveLength(600)
  await world.clock.run(worker.stop())
})
