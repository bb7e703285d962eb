import { expect, test } from 'vitest'
import type { LogErrorCode } from '../../core/log.ts'
import { LogError } from '../../core/log.ts'
import { StoreError } from '../../core/shard-store.ts'
import type { LogCall } from '../support/memory-log.ts'
import { ModelWorld } from '../support/model-world.ts'
import { creates } from './note-operations.ts'

test.each<LogCall>(['pull', 'open', 'bounds'])(
  'a log that is away for a while (%s) is waited for, and nothing is lost',
  async (call) => {
    const world = new ModelWorld()
    const worker = await world.startWorker({
      shardLimits: { pullSize: 1, statementsPerSecond: 10 },
    })
    for (let i = 0; i < 4; i++) await world.send(creates(2, i * 2))
    await world.clock.runUntil(() => world.shard.position.offset === 2)
    world.log.fail(call, new LogError('unreachable', 'the log is away'), 5)
    // Something goes wrong, so that the partition is opened again.
    world.shard.at('commit', () => {
      throw new StoreError('retry', '1213', 'a deadlock')
    })
    for (let i = 4; i < 8; i++) await world.send(creates(2, i * 2))
    await world.clock.runFor(2000)
    expect(world.status()).toMatchObject({ reason: 'backing_off', detail: 'the log is away' })
    await world.drain()
    expect(world.shard.tables.snapshot()['note/0']).toHaveLength(16)
    expect(world.failures()).toEqual([])
    expect(world.alerts).toEqual([])
    // A log that is away is no reason to claim the shard again.
    expect(world.shard.claims).toBe(1)
    await world.clock.run(worker.stop())
  },
)

test('a log that is away while the next window is prepared does not hold up the one under way', async () => {
  const world = new ModelWorld()
  await world.send(creates(2))
  await world.send(creates(2, 3))
  world.shard.at('run', () => {
    world.log.fail('pull', new LogError('unreachable', 'the log is away'))
  })
  const worker = await world.startWorker({ shardLimits: { pullSize: 1 } })
  await world.drain()
  expect(world.shard.steps.filter((step) => step === 'begin')).toHaveLength(2)
  expect(world.failures()).toEqual([])
  await world.clock.run(worker.stop())
})

test.each<LogErrorCode>(['recreated', 'closed', 'out_of_range'])(
  'a log that says %s stops the shard with one alert, and it looks again',
  async (code) => {
    const world = new ModelWorld()
    await world.send(creates(2))
    world.log.fail('open', new LogError(code, `the log is ${code}`), 3)
    const worker = await world.startWorker()
    await world.clock.runFor(50_000)
    expect(world.alerts).toEqual([
      { shard: 0, code: `shard_stopped_log_${code}`, message: `the log is ${code}` },
    ])
    expect(world.status().reason).toBe('stopped')
    await world.drain()
    await world.clock.run(worker.stop())
  },
)

test('a shard whose log is gone is let go, and not claimed again', async () => {
  const world = new ModelWorld()
  const worker = await world.startWorker()
  await world.drain()
  const gone = new LogError('recreated', 'the log is gone')
  world.log.fail('pull', gone)
  world.log.fail('ping', gone)
  await world.clock.runUntil(() => world.alerts.length > 0)
  await world.clock.runFor(50_000)
  expect(world.shard.claims).toBe(1)
  expect(world.alerts).toHaveLength(1)
  await world.send(creates(2))
  await world.drain()
  expect(world.shard.claims).toBe(2)
  await world.clock.run(worker.stop())
})

test('a log that a worker can not join is told to whoever starts it', async () => {
  const world = new ModelWorld()
  const error = new LogError('locked', 'another worker holds the log')
  world.log.fail('join', error)
  await expect(world.startWorker()).rejects.toBe(error)
})

test('an error of our own stops the shard with an alert, and the shard goes on after', async () => {
  const world = new ModelWorld()
  const mistake = new TypeError('a mistake')
  world.shard.at('run', () => {
    throw mistake
  })
  await world.send(creates(2))
  const worker = await world.startWorker()
  await world.clock.runFor(1000)
  const message = "an unexpected TypeError: the worker's standard error has its stack"
  expect(world.alerts).toEqual([{ shard: 0, code: 'shard_crashed', message }])
  expect(world.mistakes).toEqual([mistake])
  await world.drain()
  expect(world.failures()).toEqual([])
  await world.clock.run(worker.stop())
})
