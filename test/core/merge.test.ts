import { describe, expect, it } from 'vitest'
import type { JsonValue, Operation, OperationKind, WireObject } from '../../core/operation.ts'
import { noPlanLimits, planWindow } from '../../core/plan.ts'
import { applyInOrder } from '../support/model-database.ts'
import { ModelTables } from '../support/model-tables.ts'
import type { ModelType } from '../support/model-type.ts'
import { modelType } from '../support/model-type.ts'
import { sourcesOf } from '../support/sample-operations.ts'
import { note, pin, profile, sampleTypes, tally, user } from '../support/sample-types.ts'
import { applyWindow } from '../support/window-run.ts'

/** A kind with the values given, or with an increment's amounts; `userId` where it is not 7. */
type Step = readonly [OperationKind, WireObject?]

interface Case {
  readonly on: ModelType
  readonly existing?: WireObject
  readonly steps: readonly Step[]
  readonly statements: string
  readonly outcomes: string
}

const cases: Readonly<Record<string, Case>> = {
  'increments of one sign add up': {
    on: note,
    existing: { saves: 1 },
    steps: [
      ['increment', { saves: 2 }],
      ['increment', { saves: 0 }],
      ['increment', { saves: 3, score: 1 }],
    ],
    statements: 'modify',
    outcomes: 'applied applied applied',
  },
  'increments of both signs stay apart: a step between may leave the range': {
    on: note,
    existing: { saves: 1 },
    steps: [
      ['increment', { saves: -2 }],
      ['increment', { saves: 2 }],
    ],
    statements: 'modify modify',
    outcomes: 'out_of_range applied',
  },
  'a sum out of range fails only the step that leaves it': {
    on: note,
    existing: { saves: 6 },
    steps: [
      ['increment', { saves: 2 }],
      ['increment', { saves: 2 }],
      ['increment', { saves: 1 }],
    ],
    statements: 'modify',
    outcomes: 'applied out_of_range applied',
  },
  'floats do not add up exactly and stay apart': {
    on: note,
    existing: { weight: 0 },
    steps: [
      ['increment', { weight: 0.1 }],
      ['increment', { weight: 0.7 }],
      ['increment', { weight: 0.2 }],
    ],
    statements: 'modify modify modify',
    outcomes: 'applied applied applied',
  },
  'NULL stays NULL whatever is added': {
    on: note,
    existing: { score: 5 },
    steps: [
      ['update', { score: null }],
      ['increment', { score: 3 }],
      ['increment', { score: 3 }],
    ],
    statements: 'modify',
    outcomes: 'applied applied applied',
  },
  'an amount is added to a pending value': {
    on: note,
    existing: { saves: 9 },
    steps: [
      ['update', { saves: 1, title: 'a' }],
      ['increment', { saves: 2 }],
      ['update', { title: 'b' }],
    ],
    statements: 'modify',
    outcomes: 'applied applied applied',
  },
  'a value over a pending amount stays apart: the amount may not fit': {
    on: note,
    existing: { saves: 9 },
    steps: [
      ['increment', { saves: 2 }],
      ['update', { saves: 1 }],
    ],
    statements: 'modify modify',
    outcomes: 'out_of_range applied',
  },
  'defaults come before later values': {
    on: note,
    steps: [
      ['create', { title: 'a' }],
      ['update', { body: 'b' }],
      ['increment', { saves: 2 }],
      ['upsert', { score: 1 }],
    ],
    statements: 'create modify',
    outcomes: 'applied applied applied applied',
  },
  'NULL over a default is kept': {
    on: note,
    steps: [
      ['upsert', { title: 'a' }],
      ['update', { saves: null }],
    ],
    statements: 'upsert',
    outcomes: 'applied applied',
  },
  'an update of nothing demands the object, and overwrites nothing': {
    on: note,
    existing: {},
    steps: [['update', { title: 'a' }], ['update']],
    statements: 'modify',
    outcomes: 'applied applied',
  },
  'an update of nothing on a missing object is not found': {
    on: note,
    steps: [['update'], ['upsert', { title: 'a' }]],
    statements: 'modify',
    outcomes: 'not_found applied',
  },
  'the upsert that makes the object is not superseded by an update': {
    on: note,
    steps: [
      ['upsert', { title: 'a' }],
      ['upsert', { title: 'b' }],
      ['update', { title: 'c' }],
    ],
    statements: 'upsert',
    outcomes: 'applied superseded applied',
  },
  'one of several upserts stays': {
    on: note,
    steps: [
      ['upsert', { title: 'a' }],
      ['update', { title: 'b' }],
      ['upsert', { title: 'c' }],
    ],
    statements: 'upsert',
    outcomes: 'superseded superseded applied',
  },
  'what is deleted is made anew from defaults': {
    on: note,
    existing: { body: 'old', saves: 9 },
    steps: [
      ['delete'],
      ['update', { title: 'a' }],
      ['delete'],
      ['create', { title: 'b' }],
      ['create', { title: 'c' }],
      ['increment', { saves: 1 }],
    ],
    statements: 'delete create modify',
    outcomes: 'applied not_found applied applied already_exists applied',
  },
  'a life in one window': {
    on: note,
    existing: {},
    steps: [
      ['update', { title: 'a' }],
      ['delete'],
      ['upsert', { title: 'b' }],
      ['delete'],
      ['create', { title: 'c' }],
    ],
    statements: 'modify delete upsert delete create',
    outcomes: 'applied applied applied applied applied',
  },
  'a wrong shard key means another object, wherever it stands': {
    on: note,
    existing: { title: 'old' },
    steps: [
      ['update', { title: 'a' }],
      ['update', { title: 'b', userId: '8' }],
      ['delete', { userId: '8' }],
      ['update', { title: 'c' }],
      ['create', { userId: '8' }],
    ],
    statements: 'modify modify delete modify create',
    outcomes: 'applied not_found applied applied already_exists',
  },
  'an upsert with a wrong shard key is refused': {
    on: note,
    existing: { title: 'old' },
    steps: [
      ['upsert', { title: 'a', userId: '8' }],
      ['upsert', { title: 'b' }],
    ],
    statements: 'upsert upsert',
    outcomes: 'not_found applied',
  },
  'kinds that write other tables share a statement where no value can tell': {
    on: pin,
    existing: { title: 'old' },
    steps: [
      ['update', { title: 'a' }],
      ['increment', { rank: 1 }],
    ],
    statements: 'modify modify modify',
    outcomes: 'applied applied',
  },
  'kinds that write a value to other tables stay apart': {
    on: pin,
    existing: { title: 'old' },
    steps: [
      ['update', { saves: 3 }],
      ['increment', { saves: 1 }],
    ],
    statements: 'modify modify modify modify',
    outcomes: 'applied applied',
  },
  'an object without a row in one table is missing only to the kinds that write there': {
    on: pin,
    steps: [
      ['upsert', { title: 'a' }],
      ['update', { rank: 1 }],
      ['increment', { rank: 1 }],
      ['update', { title: 'b' }],
    ],
    statements: 'upsert upsert modify modify modify',
    outcomes: 'applied applied not_found applied',
  },
  'an equal or a lower version is stale': {
    on: profile,
    existing: { version: 2, name: 'old' },
    steps: [
      ['update', { version: 3, name: 'a' }],
      ['update', { version: 3, name: 'b' }],
      ['increment', { version: 2, visits: 1 }],
      ['delete', { version: 3 }],
      ['increment', { version: 4, visits: 2 }],
    ],
    statements: 'modify modify',
    outcomes: 'applied stale stale stale applied',
  },
  'the lowest version guards what was merged': {
    on: profile,
    existing: { version: 3, name: 'old' },
    steps: [
      ['update', { version: 3, name: 'a' }],
      ['update', { version: 4, name: 'b' }],
    ],
    statements: 'modify modify',
    outcomes: 'stale applied',
  },
  'a delete leaves no version behind': {
    on: profile,
    existing: { version: 3, name: 'old' },
    steps: [
      ['delete', { version: 5 }],
      ['delete', { version: 1 }],
      ['create', { version: 2, name: 'a' }],
      ['update', { version: 2, name: 'b' }],
      ['update', { version: 3, name: 'c' }],
    ],
    statements: 'delete delete create create',
    outcomes: 'applied applied applied stale applied',
  },
  'a stale delete leaves the object to what follows': {
    on: profile,
    existing: { version: 3, name: 'old' },
    steps: [
      ['delete', { version: 3 }],
      ['create', { version: 9 }],
      ['update', { version: 4, name: 'a' }],
    ],
    statements: 'delete delete create create',
    outcomes: 'stale already_exists applied',
  },
  'a column that changes by itself forbids merging': {
    on: tally,
    existing: {},
    steps: [
      ['update', { label: 'a' }],
      ['update', { label: 'b' }],
      ['increment', { amount: 1 }],
    ],
    statements: 'modify modify modify',
    outcomes: 'applied applied applied',
  },
  'a check over two columns sees every step': {
    on: user,
    existing: { low: 1, high: 2 },
    steps: [
      ['update', { low: 5 }],
      ['update', { high: 9 }],
    ],
    statements: 'modify modify',
    outcomes: 'check_violation applied',
  },
  'an increment of a checked column sees every step': {
    on: user,
    existing: { low: 1, high: 2 },
    steps: [
      ['increment', { low: 2 }],
      ['increment', { high: 4 }],
      ['update', { low: 2, high: 1 }],
      ['update', { email: 'a' }],
    ],
    statements: 'modify modify modify',
    outcomes: 'check_violation applied check_violation applied',
  },
  'a constrained value folds in once': {
    on: user,
    existing: {},
    steps: [
      ['update', { email: 'a' }],
      ['update', { username: 'a' }],
      ['update', { username: 'a', email: 'b' }],
      ['update', { username: 'b' }],
    ],
    statements: 'modify modify',
    outcomes: 'superseded superseded applied applied',
  },
}

describe('merging', () => {
  it.each(Object.entries(cases))('%s', async (_, { on, existing, steps, statements, outcomes }) => {
    const empty = new ModelTables(sampleTypes)
    const before = existing ? [operation(on, 'create', existing)] : []
    const start = applyInOrder(empty, before).tables
    const operations = steps.map(([kind, values]) => operation(on, kind, values))
    const sources = sourcesOf(operations, (name) => empty.typeNamed(name))
    const plan = planWindow(sources)
    expect(plan.statements.map(({ effect }) => effect).join(' ')).toBe(statements)
    const window = await applyWindow(start, sources, noPlanLimits)
    const alone = applyInOrder(start, operations)
    expect(window.after.snapshot()).toEqual(alone.tables.snapshot())
    expect(window.outcomes.join(' ')).toBe(outcomes)
    expect(alone.outcomes.join(' ')).toBe(outcomes.replaceAll('superseded', 'applied'))
  })

  it.each([
    ['0.1', '0.2', '0.3'],
    ['18446744073709551615', '18446744073709551615', '36893488147419103230'],
    ['0.00001', '99999999999999.99999', '100000000000000'],
    ['-1.5', '-0.5', '-2'],
    [1, 2, '3'],
    ['9007199254740993', 1, '9007199254740994'],
  ])('adds %s and %s exactly', (first, second, sum) => {
    expect(sumOf(first, second)).toBe(sum)
  })

  it('tells JSON values by their text', () => {
    const document = modelType({
      name: 'document',
      ordinal: 0,
      key: ['id'],
      columns: { meta: { unique: true } },
    })
    const rows = (first: JsonValue, second: JsonValue) =>
      planWindow(
        sourcesOf(
          [
            operation(document, 'update', { meta: first }),
            operation(document, 'update', { meta: second }),
          ],
          () => document,
        ),
      ).statements.length
    expect(rows({ a: [1, null] }, { a: [1, null] })).toBe(1)
    expect(rows({ a: [1, null] }, { a: [1, 0] })).toBe(2)
    expect(rows(null, 'null')).toBe(2)
  })

  it('takes time in proportion to the operations on one hot object', () => {
    const hot = Array.from({ length: 20_000 }, () => operation(note, 'increment', { score: 0 }))
    const sources = sourcesOf(hot, () => note)
    const startMs = performance.now()
    expect(planWindow(sources).statements).toHaveLength(1)
    // It took 14 s while each operation looked through all before it, and takes some 60 ms.
    expect(performance.now() - startMs).toBeLessThan(3000)
  })
})

function sumOf(first: JsonValue, second: JsonValue): JsonValue | undefined {
  const operations = [first, second].map((saves) => operation(note, 'increment', { saves }))
  const [statement, ...more] = planWindow(sourcesOf(operations, () => note)).statements
  expect(more).toEqual([])
  return statement!.rows[0]!.add?.saves
}

function operation(type: ModelType, kind: OperationKind, given: WireObject = {}): Operation {
  const { userId = '7', version, ...values } = given
  const region = type.key.includes('region') ? { region: 'eu' } : {}
  const identity = { id: '1', ...region, userId, ...(version === undefined ? {} : { version }) }
  const rest = { index: 0, type: type.name, kind }
  if (kind === 'increment') return { ...rest, object: identity, by: values }
  return { ...rest, object: { ...identity, ...values } }
}
