import { describe, expect, it } from 'vitest'
import type { Operation, OperationKind, WireObject } from '../../core/operation.ts'
import { operationKinds } from '../../core/operation.ts'
import { noPlanLimits, planWindow } from '../../core/plan.ts'
import { applyInOrder } from '../support/model-database.ts'
import { ModelTables } from '../support/model-tables.ts'
import { sourcesOf } from '../support/sample-operations.ts'
import { note } from '../support/sample-types.ts'
import { applyWindow } from '../support/window-run.ts'

/**
 * What becomes of two operations on one object in one window, for all 25 pairs of kinds: the
 * statements planned, then both outcomes where the object exists, and where it is missing.
 */
const pairs: readonly (readonly [OperationKind, OperationKind, string, string, string])[] = [
  ['create', 'create', 'create', 'already_exists already_exists', 'applied already_exists'],
  ['create', 'upsert', 'create', 'already_exists applied', 'applied applied'],
  ['create', 'update', 'create', 'already_exists applied', 'applied applied'],
  ['create', 'increment', 'create modify', 'already_exists applied', 'applied applied'],
  ['create', 'delete', 'create delete', 'already_exists applied', 'applied applied'],
  ['upsert', 'create', 'upsert', 'applied already_exists', 'applied already_exists'],
  ['upsert', 'upsert', 'upsert', 'superseded applied', 'superseded applied'],
  ['upsert', 'update', 'upsert', 'applied applied', 'applied applied'],
  ['upsert', 'increment', 'upsert modify', 'applied applied', 'applied applied'],
  ['upsert', 'delete', 'upsert delete', 'applied applied', 'applied applied'],
  ['update', 'create', 'modify', 'applied already_exists', 'not_found applied'],
  ['update', 'upsert', 'modify', 'superseded applied', 'not_found applied'],
  ['update', 'update', 'modify', 'superseded applied', 'not_found not_found'],
  ['update', 'increment', 'modify', 'applied applied', 'not_found not_found'],
  ['update', 'delete', 'modify delete', 'applied applied', 'not_found applied'],
  ['increment', 'create', 'modify', 'applied already_exists', 'not_found applied'],
  ['increment', 'upsert', 'modify', 'applied applied', 'not_found applied'],
  ['increment', 'update', 'modify', 'applied applied', 'not_found not_found'],
  ['increment', 'increment', 'modify', 'applied applied', 'not_found not_found'],
  ['increment', 'delete', 'modify delete', 'applied applied', 'not_found applied'],
  ['delete', 'create', 'delete create', 'applied applied', 'applied applied'],
  ['delete', 'upsert', 'delete upsert', 'applied applied', 'applied applied'],
  ['delete', 'update', 'delete', 'applied not_found', 'applied not_found'],
  ['delete', 'increment', 'delete', 'applied not_found', 'applied not_found'],
  ['delete', 'delete', 'delete', 'applied applied', 'applied applied'],
]

const missing = new ModelTables([note])
const existing = applyInOrder(missing, [
  operation('create', 0, { title: 'old', body: 'kept', saves: 3 }),
]).tables

describe('two operations on one object in one window', () => {
  it.each(pairs)('%s, %s: statements %s; existing %s; missing %s', async (...pair) => {
    const [first, second, statements, onExisting, onMissing] = pair
    const operations = [
      operation(first, 0, { title: 'first' }),
      operation(second, 1, { title: 'second' }),
    ]
    const sources = sourcesOf(operations, () => note)
    expect(
      planWindow(sources)
        .statements.map(({ effect }) => effect)
        .join(' '),
    ).toBe(statements)
    for (const [start, expected] of [
      [existing, onExisting],
      [missing, onMissing],
    ] as const) {
      const { after, outcomes } = await applyWindow(start, sources, noPlanLimits)
      expect(outcomes.join(' ')).toBe(expected)
      expect(after.snapshot()).toEqual(applyInOrder(start, operations).tables.snapshot())
    }
  })

  it('are all pairs of kinds there are', () => {
    const all = operationKinds.flatMap((first) => operationKinds.map((second) => [first, second]))
    expect(pairs.map(([first, second]) => [first, second])).toEqual(all)
  })
})

/** An operation on note 1; increments add to `saves`, deletes give the key alone. */
function operation(kind: OperationKind, index: number, values: WireObject): Operation {
  const identity = { id: '1', userId: '7' }
  const rest = { index, type: 'note', kind }
  if (kind === 'increment') return { ...rest, object: identity, by: { saves: 2 } }
  return { ...rest, object: kind === 'delete' ? identity : { ...identity, ...values } }
}
