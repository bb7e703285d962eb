import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyPlan, IsolationTooLong } from '../../consumer/apply.ts'
import type { Operation, OperationKind } from '../../core/operation.ts'
import { noPlanLimits, planWindow } from '../../core/plan.ts'
import { applyInOrder } from '../support/model-database.ts'
import { ModelTables } from '../support/model-tables.ts'
import { ModelTransaction, type RowNaming, trueNames } from '../support/model-transaction.ts'
import type { ModelType } from '../support/model-type.ts'
import { modelType } from '../support/model-type.ts'
import { sourcesOf } from '../support/sample-operations.ts'
import { applyWindow } from '../support/window-run.ts'

const independent = modelType({
  name: 'row',
  ordinal: 0,
  key: ['id'],
  columns: { score: { holds: 'integer', range: [0, 9] }, seat: { unique: true } },
})
const linked = { ...independent, independent: false }
const rows = 60

describe('isolating bad rows', () => {
  it('fails exactly them, whatever MySQL names', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(independent, linked),
        fc.constantFrom<OperationKind>('create', 'upsert', 'update'),
        fc.uniqueArray(fc.nat(rows - 1), { maxLength: 12 }),
        fc.infiniteStream(fc.option(fc.nat(rows), { nil: undefined })),
        fc.infiniteStream(fc.boolean()),
        async (type, kind, bad, names, isTrue) => {
          const naming: RowNaming = (failingRow, count) => {
            const name = names.next().value
            if (isTrue.next().value) return failingRow
            return name === undefined ? undefined : name % count
          }
          const { start, operations } = batch(type, kind, bad)
          const sources = sourcesOf(operations, () => type)
          const window = await applyWindow(start, sources, noPlanLimits, naming)
          const alone = applyInOrder(start, operations)
          expect(window.outcomes).toEqual(alone.outcomes)
          expect(window.after.snapshot()).toEqual(alone.tables.snapshot())
        },
      ),
      { numRuns: 500 },
    )
  })

  it.each([
    [1, true, 4],
    [1, false, 13],
    [10, true, 22],
    [100, true, 205],
  ])('%i of 1,000, named: %s, takes %i statements more at most', async (count, isNamed, most) => {
    const bad = Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * 1000) / count))
    const { start, operations } = batch(independent, 'create', bad, 1000)
    const plan = planWindow(sourcesOf(operations, () => independent))
    const transaction = new ModelTransaction(start, isNamed ? trueNames : () => undefined)
    const { failed, statements } = await applyPlan(transaction, plan, 1000)
    expect(failed).toHaveLength(count)
    expect(statements - plan.statements.length).toBeLessThanOrEqual(most)
  })

  it('takes objects with several operations in rounds, not one by one', async () => {
    const type = modelType({ name: 'row', ordinal: 0, key: ['id'], columns: { score: {} } })
    const kinds: readonly OperationKind[] = ['update', 'increment', 'create', 'create', 'update']
    const operations = kinds.flatMap((kind, round): Operation[] =>
      Array.from({ length: 100 }, (_, i) => {
        const object = { id: String(i), userId: '7', ...(kind !== 'increment' && { score: round }) }
        const by = kind === 'increment' && { by: { score: 1 } }
        return { index: round * 100 + i, type: type.name, kind, object, ...by }
      }),
    )
    const sources = sourcesOf(operations, () => type)
    const transaction = new ModelTransaction(new ModelTables([type]))
    const { failed } = await applyPlan(transaction, planWindow(sources), 1000)
    expect(failed.map(({ failure }) => failure.code)).toEqual([
      ...Array(200).fill('not_found'),
      ...Array(100).fill('already_exists'),
    ])
    expect(transaction.statements.length).toBeLessThanOrEqual(10)
  })

  it('is given up beyond its statements', async () => {
    const { start, operations } = batch(independent, 'create', [10, 20, 30])
    const plan = planWindow(sourcesOf(operations, () => independent))
    const transaction = new ModelTransaction(start)
    await expect(applyPlan(transaction, plan, 10)).rejects.toThrow(IsolationTooLong)
    expect(transaction.statements).toHaveLength(11)
  })
})

/** Operations on objects of their own; the bad ones out of range, and every third of those a duplicate. */
function batch(type: ModelType, kind: OperationKind, bad: readonly number[], count = rows) {
  const object = (i: number) => ({ id: String(i).padStart(4, '0'), userId: '7' })
  const taken = { ...object(9999), seat: 'taken' }
  const existing: Operation[] = [{ index: 0, type: type.name, kind: 'create', object: taken }]
  if (kind === 'update') {
    for (let i = 0; i < count; i++) {
      existing.push({ index: i, type: type.name, kind: 'create', object: object(i) })
    }
  }
  const start = applyInOrder(new ModelTables([type]), existing).tables
  const operations = Array.from({ length: count }, (_, index): Operation => {
    const place = bad.indexOf(index)
    const isDuplicate = place % 3 === 2 && count === rows
    const value = place < 0 ? { score: 1 } : isDuplicate ? { seat: 'taken' } : { score: 99 }
    return { index, type: type.name, kind, object: { ...object(index), ...value } }
  })
  return { start, operations }
}
