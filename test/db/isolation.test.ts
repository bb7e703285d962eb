import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WireObject } from '../../core/operation.ts'
import { planWindow } from '../../core/plan.ts'
import type { Source } from '../../core/source.ts'
import { type IsolationCase, isolationCases } from './isolation-cases.ts'
import { batchRows, goodItems, IsolationWindows } from './isolation-windows.ts'

// One bad row among 1,000, of every error that a row can cause, on a real MySQL.

const windows = new IsolationWindows()
const badRow = 500

beforeAll(() => windows.setUp())
afterAll(() => windows.drop())

/** A batch whose one bad row fails in table n. */
async function prepared(given: IsolationCase, kind: string, tables: number, n: number) {
  const isNew = kind === 'create' || kind === 'upsert'
  const changes = (given.changes?.(n, badRow + 1) ?? []).map((change) =>
    change.replace('`PART_CODE`', `part_${n}_code`),
  )
  await windows.prepare(isNew ? 0 : batchRows, tables, changes)
  const objects = goodItems(batchRows, tables).map((good, i): WireObject => {
    const { id, userId } = good
    const isBad = i === badRow
    if (kind === 'delete' || kind === 'increment') return { id: id!, userId: userId! }
    if (given.errno === 3105)
      return { ...{ id: id!, userId: userId! }, ...(isBad ? given.bad!(n) : { [`n${n}`]: 2 }) }
    const changed = kind === 'update' ? { ...good, [`n${n}`]: 2 } : good
    const allowed = given.errno === 1452 ? good : changed
    return isBad ? { ...allowed, ...given.bad?.(n) } : allowed
  })
  const add = (i: number) => (i === badRow ? given.by!(n) : { [`n${n}`]: '1' })
  return windows.sources({
    tables,
    kind: kind as never,
    objects,
    ...(kind === 'increment' && { add }),
  })
}

const cases = isolationCases.flatMap((given) => given.kinds.map((kind) => ({ ...given, kind })))

test.for(cases)('one bad row among 1,000: $errno, $what: $kind', async (given) => {
  const { kind } = given
  const sources = await prepared(given, kind, 1, 0)
  const isNamed = await isTrulyNamed(sources)
  const { failed, more } = await windows.apply(sources)
  expect(failed.map(({ source }) => source.operation.index)).toEqual([badRow])
  expect(failed[0]!.failure.code).toBe(given.code)
  expect(more).toBeLessThanOrEqual(isNamed ? 5 : 14)
  const isNew = kind === 'create' || kind === 'upsert'
  const expected = kind === 'delete' ? 1 : isNew ? batchRows - 1 : batchRows
  expect(await windows.counts(1)).toEqual([expected + (given.errno === 1062 ? 1 : 0)])
})

/** Whether MySQL names the bad row, if need be when asked; it must not name another one. */
async function isTrulyNamed(sources: readonly Source[]): Promise<boolean> {
  const [statement] = planWindow(sources).statements
  const transaction = await windows.open()
  const plain = await transaction.run(statement!)
  const naming = await transaction.runNaming(statement!)
  await transaction.rollback()
  if (plain.kind !== 'failed' || naming.kind !== 'failed') throw new Error('it did not fail')
  expect([undefined, badRow]).toContain(plain.row)
  expect([undefined, badRow]).toContain(naming.row)
  return naming.row === badRow
}

const spread = [1406, 3819, 3156, 1062, 1644].flatMap((errno) =>
  (['create', 'update'] as const).flatMap((kind) =>
    [2, 5].flatMap((tables) =>
      [0, tables - 1].map((n) => ({
        ...isolationCases.find((given) => given.errno === errno)!,
        ...{ kind, tables, n },
      })),
    ),
  ),
)

test.for(spread)('$tables tables, bad in table $n: $errno, $kind', async (given) => {
  const { kind, tables, n } = given
  const sources = await prepared(given, kind, tables, n)
  const { failed, more } = await windows.apply(sources)
  expect(failed.map(({ source }) => source.operation.index)).toEqual([badRow])
  expect(failed[0]!.failure.code).toBe(given.code)
  // A verdict that other rows may decide is given in log order: before, it, and after.
  const isSearched = kind === 'update' && (errnosInOrder.has(given.errno) || given.errno === 3819)
  const isInOrder = errnosInOrder.has(given.errno)
  const named = isSearched || given.errno === 3156 ? 12 : 3
  expect(more).toBeLessThanOrEqual(named + (isInOrder ? 3 : 1) * tables)
  const isNew = kind === 'create'
  const counts = await windows.counts(tables)
  const extra = (table: number) => (given.errno === 1062 && table === n ? 1 : 0)
  expect(counts).toEqual(
    counts.map((_, table) => (isNew ? batchRows - 1 : batchRows) + extra(table)),
  )
})

const errnosInOrder = new Set([1062, 1644])

test.for([
  { bad: 2, most: 12 },
  { bad: 10, most: 40 },
  { bad: 100, most: 250 },
])('$bad bad rows among 1,000', async ({ bad, most }) => {
  const [given] = isolationCases.filter(({ errno }) => errno === 1406)
  await windows.prepare(0, 1, given!.changes!(0, 0))
  const isBad = (i: number) => i % (batchRows / bad) === 7
  const objects = goodItems(batchRows, 1).map((good, i) =>
    isBad(i) ? { ...good, ...given!.bad!(0) } : good,
  )
  const { failed, more } = await windows.apply(
    windows.sources({ tables: 1, kind: 'create', objects }),
  )
  const indexes = failed.map(({ source }) => source.operation.index)
  expect(indexes.sort((a, b) => a - b)).toEqual([...objects.keys()].filter(isBad))
  expect(await windows.counts(1)).toEqual([batchRows - bad])
  expect(more).toBeLessThanOrEqual(most)
})
