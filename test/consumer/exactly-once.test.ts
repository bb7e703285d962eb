import { describe, expect, test } from 'vitest'
import { offset } from '../../core/position.ts'
import type { StoreErrorAction } from '../../core/shard-store.ts'
import { StoreError } from '../../core/shard-store.ts'
import { applyInOrder } from '../support/model-database.ts'
import type { ModelShard, ShardStep } from '../support/model-shard.ts'
import { ModelTables } from '../support/model-tables.ts'
import { ModelWorld } from '../support/model-world.ts'
import { separateTypes } from '../support/sample-types.ts'
import { noteOperations } from './note-operations.ts'

/**
 * Sums that count double what is applied twice, values that tell what is left out, and failures of
 * each kind, in messages that windows cut.
 */
function operations() {
  const note = noteOperations()
  const round = (i: number) => [
    note.create(i, { title: 'a', score: 1 }),
    note.increment(i, { saves: 1 }),
    note.update(i, { title: 'b' }),
    note.update(i, { title: 'c' }),
    note.increment(1, { score: 2 }),
    note.create(i % 3, { title: 'd' }),
    note.update(100 + i, { title: 'e' }),
    ...(i % 4 === 0 ? [note.delete(i - 1), note.upsert(i - 1, { title: 'f' })] : []),
  ]
  return Array.from({ length: 8 }, (_, i) => round(i + 1)).flat()
}

const alone = applyInOrder(new ModelTables(separateTypes), operations())
const failuresAlone = alone.outcomes
  .flatMap((outcome, i) => (outcome === 'applied' ? [] : [`job-0/${i} ${outcome}`]))
  .sort()

const fail = (action: StoreErrorAction) => () => {
  throw new StoreError(action, action, `scripted: ${action}`)
}
/** Another owner takes the shard and applies nothing. */
const takeOver = (shard: ModelShard) => () => {
  shard.open?.kill()
  shard.epoch = 'of another owner'
}
const faults: Record<string, (shard: ModelShard) => () => void> = {
  'a deadlock': () => fail('retry'),
  'a timeout': () => fail('timeout'),
  'a full disk': () => fail('back_off'),
  'a lost connection': () => fail('reconnect'),
  'an error that nobody knows': () => fail('unknown'),
  'drift that is mended soon': () => fail('stop'),
  'an answer that is unclear': () => fail('unclear'),
  'a claim by another': takeOver,
}
/** How often a run without faults comes to each step, at least. */
const steps: readonly (readonly [ShardStep, number])[] = [
  ['claim', 1],
  ['begin', 5],
  ['savepoint', 5],
  ['run', 5],
  ['rollbackToSavepoint', 5],
  ['record', 5],
  ['commit', 5],
]

describe.each(Object.entries(faults))('%s', (_, fault) => {
  const places = steps.flatMap(([step, times]) =>
    [1, 2, 3, 5].filter((nth) => nth <= times).map((nth) => [step, nth] as const),
  )
  test.each(places)('at %s %i leaves every operation settled exactly once', async (step, nth) => {
    const world = new ModelWorld()
    world.shard.at(step, fault(world.shard), nth)
    await expectOneByOne(world)
    expect(world.shard.isScriptDone).toBe(true)
  })

  test.each(['commit', 'committed'] as const)(
    'on the look after an answer lost at %s leaves every operation settled exactly once',
    async (step) => {
      const world = new ModelWorld()
      world.shard.at(step, fail('unclear'), 2)
      world.shard.at('settle', fault(world.shard))
      await expectOneByOne(world)
      expect(world.shard.isScriptDone).toBe(true)
    },
  )
})

test('a COMMIT that took effect, whose answer is lost, is seen and not repeated', async () => {
  const world = new ModelWorld()
  world.shard.at('committed', fail('unclear'), 2)
  world.shard.at('settle', fail('reconnect'))
  await expectOneByOne(world)
  const { steps } = world.shard
  const count = (step: ShardStep) => steps.filter((taken) => taken === step).length
  expect(count('settle')).toBe(2)
  // Nothing was begun that had to be fenced or rolled back.
  expect(count('begin')).toBe(count('committed'))
})

test('a shard restored from a backup gets again what the backup lacks', async () => {
  const world = new ModelWorld()
  const { shard } = world
  let backup: { tables: ModelTables; position: typeof shard.position; records: number } | undefined
  shard.at('committed', () => {
    backup = { tables: shard.tables, position: shard.position, records: shard.records.length }
  })
  shard.at(
    'begin',
    () => {
      shard.tables = backup!.tables
      shard.position = backup!.position
      shard.records.length = backup!.records
    },
    4,
  )
  await expectOneByOne(world)
})

test('a shard that is restored while nothing comes gets again what the backup lacks', async () => {
  const world = new ModelWorld()
  const { shard } = world
  const { tables, position } = shard
  await sendAll(world)
  const worker = await start(world)
  await world.drain()
  Object.assign(shard, { tables, position })
  shard.records.length = 0
  await world.drain(15_000)
  expectAsAlone(world)
  await world.clock.run(worker.stop())
})

test('a worker that is gone without a word is followed by one that goes on where it was', async () => {
  const world = new ModelWorld()
  const { shard } = world
  const frozen = Promise.withResolvers<void>()
  shard.at('run', () => frozen.promise, 3)
  await sendAll(world)
  const first = await start(world)
  await world.clock.runFor(5000)
  expect(shard.open).toBeDefined()

  world.log.group.cutOff(world.log.members[0]!)
  const second = await start(world, 'worker-2')
  await world.drain()
  expectAsAlone(world)
  expect(shard.owner).toBe('worker-2')

  // It wakes up, finds its connection killed and its shard lost, and joins the group again.
  frozen.resolve()
  await world.clock.runFor(5000)
  expect(world.log.members[0]!.rejoins).toBe(1)
  expectAsAlone(world)
  await world.clock.run(Promise.all([first.stop(), second.stop()]))
})

async function expectOneByOne(world: ModelWorld): Promise<void> {
  await sendAll(world)
  const worker = await start(world)
  await world.drain()
  expectAsAlone(world)
  await world.clock.run(worker.stop())
  expectAsAlone(world)
}

async function sendAll(world: ModelWorld): Promise<void> {
  await world.send(operations(), { messageOperations: 7 })
}

function start(world: ModelWorld, owner = 'worker-1') {
  return world.startWorker({
    limits: { maxWindowStatements: 3 },
    shardLimits: { pullSize: 3 },
    owner,
  })
}

function expectAsAlone(world: ModelWorld): void {
  const { shard } = world
  expect(shard.tables.snapshot()).toEqual(alone.tables.snapshot())
  expect(world.failures()).toEqual(failuresAlone)
  expect(shard.position).toEqual({ offset: offset(world.log.messages[0]!.length), operation: 0 })
}
