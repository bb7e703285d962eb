import { expect, test } from 'vitest'
import { StoreError } from '../../core/shard-store.ts'
import { ModelWorld } from '../support/model-world.ts'
import { creates } from './note-operations.ts'

const outageMs = 10 * 60_000
const soonMs = 5000

test.each(['claim', 'begin'] as const)(
  'a database that is away for minutes (%s): work goes on within 5 s after',
  async (step) => {
    const world = new ModelWorld()
    const endMs = outageMs
    const away = () => {
      if (world.clock.monotonicMs() >= endMs) return
      world.shard.at(step, away)
      throw new StoreError('back_off', '1040', 'no connections left')
    }
    world.shard.at(step, away)
    await world.send(creates(2))
    const worker = await world.startWorker()
    await world.clock.runFor(endMs)
    expect(world.isDrained()).toBe(false)
    await world.drain(soonMs)
    expect(world.failures()).toEqual([])
    await world.clock.run(worker.stop())
  },
)
