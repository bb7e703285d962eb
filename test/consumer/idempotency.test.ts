import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cancelKey } from '../../core/cancel.ts'
import { keyedHeaders, keyedJob, keyLifetimeMs } from '../../core/keyed-request.ts'
import type { Operation } from '../../core/operation.ts'
import { offset } from '../../core/position.ts'
import type { StoreErrorAction } from '../../core/shard-store.ts'
import { StoreError } from '../../core/shard-store.ts'
import { applyInOrder } from '../support/model-database.ts'
import type { ModelShard } from '../support/model-shard.ts'
import { ModelTables } from '../support/model-tables.ts'
import { ModelWorld } from '../support/model-world.ts'
import { separateTypes } from '../support/sample-types.ts'
import { creates, noteOperations } from './note-operations.ts'

interface Copy {
  readonly body?: string
  readonly atMs?: number
  readonly messageOperations?: number
}

const digestOf = (body: string) => body.repeat(43)
const jobOf = (key: string, body = 'a') => keyedJob(key, digestOf(body))

/** Publishes a copy of a request under a key. */
function sendKeyed(
  world: ModelWorld,
  key: string,
  operations: readonly Operation[],
  { body = 'a', atMs = 1_000, messageOperations = 1000 }: Copy = {},
): Promise<void> {
  const headers = keyedHeaders({ key, digest: digestOf(body), publishedAtMs: atMs })
  return world.send(operations, { job: key, headers, messageOperations })
}

const notesOf = (world: ModelWorld) => world.shard.tables.snapshot()['note/0']

const unclear = () => {
  throw new StoreError('unclear', 'unclear', 'scripted: unclear')
}

/** Operations that would count, fail or find out if they ran twice. */
function telling(): Operation[] {
  const note = noteOperations()
  return [
    note.create(1, { title: 'a', saves: 1 }),
    note.increment(1, { saves: 1 }),
    note.update(1, { title: 'b' }),
    note.update(1, { title: 'c' }),
    note.update(2, { title: 'none' }),
    note.create(3),
    note.delete(3),
    note.increment(1, { saves: 2 }),
  ]
}

async function drained(world: ModelWorld, limits = {}): Promise<void> {
  const worker = await world.startWorker({ limits })
  await world.drain()
  await world.clock.run(worker.stop())
}

function expectOnce(world: ModelWorld): void {
  expect(notesOf(world)).toMatchObject([{ id: '1', title: 'c', saves: 4 }])
  expect(world.failures()).toEqual([`${jobOf('k')}/4 not_found`])
  for (const count of Object.values(world.superseded())) expect(count).toBeLessThanOrEqual(1)
}

test.each([
  ['in one window', {}, {}, {}],
  ['in messages of other sizes', { messageOperations: 3 }, { messageOperations: 1 }, {}],
  ['in windows of one statement', { messageOperations: 2 }, {}, { maxWindowStatements: 1 }],
])('a request that is in the log twice takes effect once: %s', async (_, first, second, limits) => {
  const world = new ModelWorld()
  await sendKeyed(world, 'k', telling(), first)
  await sendKeyed(world, 'k', telling(), { ...second, atMs: 60_000 })
  await drained(world, limits)
  expectOnce(world)
})

test('a request of which the log has only a part takes effect as a whole with its copy', async () => {
  const world = new ModelWorld()
  await sendKeyed(world, 'k', telling().slice(0, 3))
  await world.send(creates(2, 50))
  await sendKeyed(world, 'k', telling(), { atMs: 60_000 })
  await drained(world)
  expect(notesOf(world)).toMatchObject([
    { id: '1', title: 'c', saves: 4 },
    { id: '50' },
    { id: '51' },
  ])
})

test('requests with other keys, and without one, are not meant', async () => {
  const world = new ModelWorld()
  const note = noteOperations()
  await world.send([note.create(1, { saves: 0 })])
  const [, increment] = telling()
  await sendKeyed(world, 'k', [increment!])
  await sendKeyed(world, 'l', [increment!])
  await world.send([increment!])
  await world.send([increment!])
  await drained(world)
  expect(notesOf(world)).toMatchObject([{ id: '1', saves: 4 }])
})

test('a window without keyed requests reads nothing of them', async () => {
  const world = new ModelWorld()
  await world.send(creates(3))
  await drained(world)
  expect(world.shard.steps).not.toContain('readRequests')
})

test('what a copy brings counts for nothing, and its statements are not run', async () => {
  const world = new ModelWorld()
  await sendKeyed(world, 'k', creates(5))
  await drained(world)
  const before = world.shard.steps.filter((step) => step === 'run').length
  await sendKeyed(world, 'k', creates(5), { atMs: 2_000 })
  await drained(world)
  expect(world.shard.steps.filter((step) => step === 'run')).toHaveLength(before)
  expect(world.failures()).toEqual([])
  expect(world.shard.position).toEqual({ offset: 2, operation: 0 })
})

test('a copy takes nothing of the shard’s rate from what stands behind it', async () => {
  const world = new ModelWorld()
  await sendKeyed(world, 'k', creates(3))
  for (let i = 1; i <= 3; i++) await sendKeyed(world, 'k', creates(3), { atMs: 1_000 + i })
  await sendKeyed(world, 'l', creates(3, 10))
  const startMs = world.clock.monotonicMs()
  // A statement costs ten seconds. The first copy waits its turn before it is known as one.
  const worker = await world.startWorker({
    shardLimits: { statementsPerSecond: 0.1, pullSize: 1 },
  })
  await world.drain()
  expect(world.clock.monotonicMs() - startMs).toBeLessThan(11_000)
  expect(notesOf(world)).toHaveLength(6)
  await world.clock.run(worker.stop())
})

test('another body under the same key fails under a job of its own, and costs no credit', async () => {
  const world = new ModelWorld()
  for (const key of ['k', 'l', 'm']) {
    await sendKeyed(world, key, creates(1, key.charCodeAt(0)))
    await sendKeyed(world, key, creates(5, 200), { body: 'b', atMs: 2_000 })
  }
  await drained(world, {})
  expect(notesOf(world)).toHaveLength(3)
  const codes = (key: string) =>
    [0, 1, 2, 3, 4].map((i) => `${jobOf(key, 'b')}/${i} idempotency_key_reused`)
  expect(world.failures()).toEqual(['k', 'l', 'm'].flatMap(codes).sort())
})

test('jobs whose keys stand for other bodies never stop a shard, whatever their credit', async () => {
  const world = new ModelWorld()
  for (const key of ['k', 'l', 'm', 'n']) {
    await sendKeyed(world, key, creates(1, key.charCodeAt(0)))
    await sendKeyed(world, key, creates(5, 200), { body: 'b', atMs: 2_000 })
  }
  await drained(world, { failureCredit: 1, failingAlikeJobs: 2 })
  expect(world.failures()).toHaveLength(20)
  expect(world.alerts).toEqual([])
})

test('after 24 hours the key is free, and what the same job left is gone', async () => {
  const world = new ModelWorld()
  const note = noteOperations()
  const operations = [note.update(1, { title: 'late' }), note.create(2)]
  await sendKeyed(world, 'k', operations)
  await drained(world)
  expect(world.failures()).toEqual([`${jobOf('k')}/0 not_found`])
  await world.send(creates(1))
  await sendKeyed(world, 'k', operations, { atMs: 1_000 + keyLifetimeMs })
  await drained(world)
  expect(world.failures()).toEqual([`${jobOf('k')}/1 already_exists`])
  expect(notesOf(world)).toMatchObject([{ id: '1', title: 'late' }, { id: '2' }])
})

test('where both uses stand in one window, only the later one counts', async () => {
  const world = new ModelWorld()
  const note = noteOperations()
  const operations = [note.update(1, { title: 'late' }), note.create(2)]
  await sendKeyed(world, 'k', operations)
  await world.send(creates(1))
  await sendKeyed(world, 'k', operations, { atMs: 1_000 + keyLifetimeMs })
  await drained(world)
  expect(world.failures()).toEqual([`${jobOf('k')}/1 already_exists`])
  expect(notesOf(world)).toMatchObject([{ id: '1', title: 'late' }, { id: '2' }])
})

test('a cancelled request stays cancelled when it comes again, and is counted once', async () => {
  const world = new ModelWorld()
  await sendKeyed(world, 'k', creates(5), { messageOperations: 3 })
  const stretches = [{ shard: 0, from: { offset: 0, operation: 0 }, last: 1 }]
  const cancel = { version: 1, job: jobOf('k'), tenant: 'tests', logId: world.log.logId, stretches }
  await world.log.control.put(cancelKey(jobOf('k')), JSON.stringify(cancel))
  await sendKeyed(world, 'k', creates(5), { atMs: 2_000 })
  await drained(world)
  expect(world.cancelled()).toEqual({ [jobOf('k')]: 5 })
  expect(notesOf(world) ?? []).toEqual([])
})

test('what was applied before its job was cancelled is not counted as cancelled when it comes again', async () => {
  const world = new ModelWorld()
  await sendKeyed(world, 'k', creates(5))
  await drained(world)
  await sendKeyed(world, 'k', creates(7), { atMs: 2_000 })
  const stretches = [{ shard: 0, from: { offset: 0, operation: 0 }, last: 1 }]
  const cancel = { version: 1, job: jobOf('k'), tenant: 'tests', logId: world.log.logId, stretches }
  await world.log.control.put(cancelKey(jobOf('k')), JSON.stringify(cancel))
  await drained(world)
  expect(world.cancelled()).toEqual({ [jobOf('k')]: 2 })
  expect(notesOf(world)).toHaveLength(5)
})

test('headers that nobody knows stop the shard before anything of the message is applied', async () => {
  const world = new ModelWorld()
  await world.send(creates(2), { headers: { 'sluice-key': 'k' } })
  const worker = await world.startWorker()
  await world.clock.runFor(1_000)
  expect(world.status().reason).toBe('stopped')
  expect(world.alerts).toMatchObject([
    {
      code: 'shard_stopped_unknown_content',
      message: expect.stringContaining('a header sluice-digest of another form'),
    },
  ])
  expect(world.shard.position).toEqual({ offset: 0, operation: 0 })
  await world.clock.run(worker.stop())
})

test.each(['commit', 'committed'] as const)(
  'an answer lost at %s leaves each operation with one effect',
  async (step) => {
    const world = new ModelWorld()
    world.shard.at(step, unclear)
    await sendKeyed(world, 'k', telling())
    await sendKeyed(world, 'k', telling(), { atMs: 2_000 })
    await drained(world, { maxWindowStatements: 2 })
    expectOnce(world)
    expect(world.shard.isScriptDone).toBe(true)
  },
)

test('a shard restored from a backup forgets the requests that the backup lacks, and replays them', async () => {
  const world = new ModelWorld()
  const { shard } = world
  await sendKeyed(world, 'k', telling().slice(0, 3))
  await drained(world)
  const backup = backupOf(shard)
  await sendKeyed(world, 'k', telling(), { atMs: 2_000 })
  await drained(world)
  backup()
  await drained(world)
  expectOnce(world)
})

function backupOf(shard: ModelShard): () => void {
  const { tables, position } = shard
  const records = [...shard.records]
  const requests = [...shard.requests]
  return () => {
    shard.tables = tables
    shard.position = position
    shard.records = records
    shard.requests.clear()
    for (const [key, block] of requests) shard.requests.set(key, block)
  }
}

const actions: readonly StoreErrorAction[] = ['retry', 'timeout', 'reconnect', 'unknown', 'unclear']
const keys = ['k', 'l'] as const
const bodies: Readonly<Record<string, readonly Operation[]>> = {
  a: telling(),
  b: creates(9, 3),
}
const run = fc.record({
  copies: fc.array(
    fc.record({
      key: fc.constantFrom(...keys),
      body: fc.constantFrom('a', 'a', 'b'),
      /** So much of it got into the log. */
      operations: fc.integer({ min: 1, max: 9 }),
      hours: fc.integer({ min: 0, max: 40 }),
      messageOperations: fc.integer({ min: 1, max: 5 }),
      pauseMs: fc.constantFrom(0, 0, 300),
    }),
    { minLength: 2, maxLength: 6 },
  ),
  faults: fc.array(
    fc.record({
      at: fc.constantFrom('begin', 'readRequests', 'clearJobs', 'run', 'record', 'commit' as const),
      action: fc.constantFrom(...actions),
      nth: fc.integer({ min: 1, max: 6 }),
    }),
    { maxLength: 5 },
  ),
  lostAnswers: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 2 }),
  restoreAt: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  limits: fc.record({
    maxWindowStatements: fc.integer({ min: 1, max: 4 }),
    maxIsolationStatements: fc.integer({ min: 0, max: 12 }),
  }),
  pullSize: fc.integer({ min: 1, max: 5 }),
})

test('through random copies, cuts and faults each operation takes effect once', async () => {
  await fc.assert(
    fc.asyncProperty(run, async ({ copies, faults, lostAnswers, restoreAt, limits, pullSize }) => {
      const world = new ModelWorld()
      for (const { at, action, nth } of faults) {
        const fail = () => {
          throw new StoreError(action, action, `scripted: ${action}`)
        }
        world.shard.at(at, fail, nth)
      }
      for (const nth of lostAnswers) world.shard.at('committed', unclear, nth)
      if (restoreAt !== undefined) {
        let restore = () => {}
        world.shard.at('committed', () => (restore = backupOf(world.shard)), restoreAt)
        world.shard.at('begin', () => restore(), restoreAt + 2)
      }
      const worker = await world.startWorker({ limits, shardLimits: { pullSize } })
      for (const { key, body, operations, hours, messageOperations, pauseMs } of copies) {
        const copy = { body, atMs: hours * 3_600_000, messageOperations }
        await sendKeyed(world, key, bodies[body]!.slice(0, operations), copy)
        await world.clock.runFor(pauseMs)
      }
      await world.drain()
      await world.clock.run(worker.stop())

      const alone = settledAlone(copies)
      expect(world.shard.tables.snapshot()).toEqual(alone.rows)
      expect(firstFailures(world)).toEqual(alone.failures)
    }),
    { numRuns: 500 },
  )
})

/** An operation that stands among the failures already keeps its first reason. */
function firstFailures(world: ModelWorld): string[] {
  const first = new Map<string, string>()
  for (const { source, failure } of world.shard.records.flatMap(({ failed }) => failed)) {
    const operation = `${source.origin.job}/${source.operation.index}`
    if (!first.has(operation)) first.set(operation, `${operation} ${failure.code}`)
  }
  return [...first.values()].sort()
}

/** The same copies as if each operation that counts had been sent once. */
function settledAlone(
  copies: readonly { key: string; body: string; operations: number; hours: number }[],
) {
  const uses = new Map<string, { body: string; hours: number; settled: Set<number> }>()
  const failures = new Map<string, string>()
  let tables = new ModelTables(separateTypes)
  for (const { key, body, operations, hours } of copies) {
    const job = jobOf(key, body)
    let use = uses.get(key)
    if (!use || hours - use.hours >= 24) {
      use = { body, hours, settled: new Set() }
      uses.set(key, use)
      for (const failure of [...failures.keys()]) {
        if (failure.startsWith(job)) failures.delete(failure)
      }
    }
    for (const operation of bodies[body]!.slice(0, operations)) {
      const failure = `${job}/${operation.index}`
      const note = (code: string) => {
        if (!failures.has(failure)) failures.set(failure, `${failure} ${code}`)
      }
      if (use.body !== body) note('idempotency_key_reused')
      if (use.body !== body || use.settled.has(operation.index)) continue
      use.settled.add(operation.index)
      const after = applyInOrder(tables, [operation])
      tables = after.tables
      const [outcome] = after.outcomes
      if (outcome !== 'applied') note(outcome!)
    }
  }
  return { rows: tables.snapshot(), failures: [...failures.values()].sort() }
}

test('a position in a message of a keyed request is gone on from', async () => {
  const world = new ModelWorld()
  await sendKeyed(world, 'k', telling())
  world.shard.at('committed', () => {
    world.shard.epoch = 'of another owner'
  })
  await drained(world, { maxWindowStatements: 1 })
  expectOnce(world)
  expect(world.shard.position.offset).toBe(offset(1))
})
