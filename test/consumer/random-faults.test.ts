import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LogError } from '../../core/log.ts'
import type { StoreErrorAction } from '../../core/shard-store.ts'
import { StoreError } from '../../core/shard-store.ts'
import { applyInOrder } from '../support/model-database.ts'
import type { ShardStep } from '../support/model-shard.ts'
import { ModelTables } from '../support/model-tables.ts'
import { ModelWorld } from '../support/model-world.ts'
import { operationsOn } from '../support/sample-operations.ts'
import { separateTypes } from '../support/sample-types.ts'

const steps: readonly ShardStep[] = [
  'claim',
  'begin',
  'savepoint',
  'run',
  'rollbackToSavepoint',
  'record',
  'commit',
  'committed',
  'settle',
]
const actions: readonly StoreErrorAction[] = [
  'retry',
  'timeout',
  'back_off',
  'reconnect',
  'unknown',
  'unclear',
  'stop',
]

const shardFault = fc.record({
  // A COMMIT that took effect can't be told as anything but unclear.
  at: fc
    .tuple(fc.constantFrom(...steps), fc.constantFrom(...actions))
    .map(
      ([step, action]) => ({ step, action: step === 'committed' ? 'unclear' : action }) as const,
    ),
  nth: fc.integer({ min: 1, max: 8 }),
})
const logFault = fc.record({
  call: fc.constantFrom('pull', 'open', 'bounds', 'put' as const),
  times: fc.integer({ min: 1, max: 3 }),
})
const run = fc.record({
  requests: fc.array(
    fc.record({
      operations: operationsOn(separateTypes, { minLength: 1, maxLength: 20 }),
      messageOperations: fc.integer({ min: 1, max: 7 }),
      emptyOffsets: fc.integer({ min: 0, max: 2 }),
      pauseMs: fc.integer({ min: 0, max: 400 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  shardFaults: fc.array(shardFault, { maxLength: 6 }),
  logFaults: fc.array(logFault, { maxLength: 2 }),
  maxWindowStatements: fc.integer({ min: 1, max: 4 }),
  maxIsolationStatements: fc.integer({ min: 0, max: 12 }),
  pullSize: fc.integer({ min: 1, max: 4 }),
  statementsPerSecond: fc.constantFrom(Number.POSITIVE_INFINITY, 20),
})

test('through random faults nothing is skipped, doubled or reordered', async () => {
  await fc.assert(
    fc.asyncProperty(run, async (given) => {
      const world = new ModelWorld()
      for (const { at, nth } of given.shardFaults) {
        world.shard.at(at.step, failing(at.action), nth)
      }
      for (const { call, times } of given.logFaults) {
        world.log.fail(call, new LogError('unreachable', 'the log is away'), times)
      }
      const worker = await world.startWorker({
        limits: {
          maxWindowStatements: given.maxWindowStatements,
          maxIsolationStatements: given.maxIsolationStatements,
        },
        shardLimits: {
          pullSize: given.pullSize,
          statementsPerSecond: given.statementsPerSecond,
        },
      })
      for (const { operations, messageOperations, emptyOffsets, pauseMs } of given.requests) {
        await world.send(operations, { messageOperations })
        world.log.skipOffsets(0, emptyOffsets)
        await world.clock.runFor(pauseMs)
      }
      await world.drain()
      await world.clock.run(worker.stop())

      const alone = aloneOutcomes(given.requests.map(({ operations }) => operations))
      expect(world.shard.tables.snapshot()).toEqual(alone.rows)
      expect(world.failures()).toEqual(alone.failures)
      for (const [job, count] of Object.entries(world.superseded())) {
        expect(count).toBeLessThanOrEqual(alone.applied[job] ?? 0)
      }
    }),
    { numRuns: 400 },
  )
})

function failing(action: StoreErrorAction): () => never {
  return () => {
    throw new StoreError(action, action, `scripted: ${action}`)
  }
}

/** Rows and outcomes of the same requests, operation by operation. */
function aloneOutcomes(requests: readonly Parameters<typeof applyInOrder>[1][]) {
  const jobs = requests.flatMap((operations, n) => operations.map(() => `job-${n}`))
  const operations = requests.flat()
  const { tables, outcomes } = applyInOrder(new ModelTables(separateTypes), operations)
  const failures: string[] = []
  const applied: Record<string, number> = {}
  outcomes.forEach((outcome, i) => {
    const job = jobs[i]!
    if (outcome === 'applied') applied[job] = (applied[job] ?? 0) + 1
    else failures.push(`${job}/${operations[i]!.index} ${outcome}`)
  })
  return { rows: tables.snapshot(), failures: failures.sort(), applied }
}
