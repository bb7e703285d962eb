import { describe, it } from 'vitest'
import type { MergeCase } from '../support/merge-case.ts'
import { checkMerge } from '../support/merge-case.ts'
import { note, pin, profile, tally, user } from '../support/sample-types.ts'

/** What may keep two operations on one key apart: shard keys, tables, versions, constraints. */
const cases: Readonly<Record<string, MergeCase>> = {
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
  'a value that others may have never folds in, unless it is the same': {
    on: user,
    existing: {},
    steps: [
      ['update', { email: 'a' }],
      ['update', { username: 'a' }],
      ['update', { username: 'a', email: 'b' }],
      ['update', { username: 'b' }],
    ],
    statements: 'modify modify modify',
    outcomes: 'applied applied applied applied',
  },
}

describe('merging minds that', () => {
  it.each(Object.entries(cases))('%s', (_, given) => checkMerge(given))
})
