import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../../core/operation.ts'
import { planWindow } from '../../core/plan.ts'
import type { MergeCase } from '../support/merge-case.ts'
import { checkMerge, operationOn } from '../support/merge-case.ts'
import { modelType } from '../support/model-type.ts'
import { sourcesOf } from '../support/sample-operations.ts'
import { note } from '../support/sample-types.ts'

const cases: Readonly<Record<string, MergeCase>> = {
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
}

describe('merging', () => {
  it.each(Object.entries(cases))('%s', (_, given) => checkMerge(given))

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
            operationOn(document, 'update', { meta: first }),
            operationOn(document, 'update', { meta: second }),
          ],
          () => document,
        ),
      ).statements.length
    expect(rows({ a: [1, null] }, { a: [1, null] })).toBe(1)
    expect(rows({ a: [1, null] }, { a: [1, 0] })).toBe(2)
    expect(rows(null, 'null')).toBe(2)
  })

  it('takes time in proportion to the operations on one hot object', () => {
    const hot = Array.from({ length: 20_000 }, () => operationOn(note, 'increment', { score: 0 }))
    const sources = sourcesOf(hot, () => note)
    const startMs = performance.now()
    expect(planWindow(sources).statements).toHaveLength(1)
    // It took 14 s while each operation looked through all before it, and takes some 60 ms.
    expect(performance.now() - startMs).toBeLessThan(3000)
  })
})

function sumOf(first: JsonValue, second: JsonValue): JsonValue | undefined {
  const operations = [first, second].map((saves) => operationOn(note, 'increment', { saves }))
  const [statement, ...more] = planWindow(sourcesOf(operations, () => note)).statements
  expect(more).toEqual([])
  return statement!.rows[0]!.add?.saves
}
