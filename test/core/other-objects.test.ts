import { describe, expect, it } from 'vitest'
import type { Operation, OperationKind, WireObject } from '../../core/operation.ts'
import { noPlanLimits } from '../../core/plan.ts'
import { applyInOrder } from '../support/model-database.ts'
import { ModelTables } from '../support/model-tables.ts'
import { sourcesOf } from '../support/sample-operations.ts'
import { sampleTypes } from '../support/sample-types.ts'
import { applyWindow } from '../support/window-run.ts'

type Step = readonly [type: string, OperationKind, id: string, values?: WireObject]

interface Case {
  readonly existing?: readonly Step[]
  readonly steps: readonly Step[]
  readonly outcomes: string
}

const cases: Readonly<Record<string, Case>> = {
  'a value is free once its object is deleted': {
    existing: [['user', 'create', '2', { username: 'a' }]],
    steps: [
      ['user', 'delete', '2'],
      ['user', 'create', '1', { username: 'a', number: 2 }],
    ],
    outcomes: 'applied applied',
  },
  'a value is free once its object gave it up, though inserts run before modifications': {
    existing: [['user', 'create', '2', { username: 'a' }]],
    steps: [
      ['user', 'update', '2', { username: 'b' }],
      ['user', 'create', '1', { username: 'a', number: 2 }],
    ],
    outcomes: 'applied applied',
  },
  'a value passes along a row of objects, though rows are sorted by key': {
    existing: [
      ['user', 'create', '1', { username: 'a' }],
      ['user', 'create', '2', { username: 'b', number: 2 }],
      ['user', 'create', '3', { username: 'c', number: 3 }],
    ],
    steps: [
      ['user', 'update', '3', { username: 'd' }],
      ['user', 'update', '2', { username: 'c' }],
      ['user', 'update', '1', { username: 'b' }],
    ],
    outcomes: 'applied applied applied',
  },
  'of two objects that want one value the first in the log gets it': {
    steps: [
      ['user', 'create', '2', { username: 'a' }],
      ['user', 'create', '1', { username: 'a', number: 2 }],
    ],
    outcomes: 'applied duplicate_value',
  },
  'an object that failed takes no value from those behind it': {
    existing: [['user', 'create', '2', { username: 'a' }]],
    steps: [
      ['user', 'create', '2', { username: 'b', number: 2 }],
      ['user', 'update', '2', { username: 'c' }],
      ['user', 'create', '1', { username: 'a', number: 3 }],
      ['user', 'create', '3', { username: 'c', number: 4 }],
    ],
    outcomes: 'already_exists applied applied duplicate_value',
  },
  'a default may be the value that another object has, though it is set right after': {
    existing: [['user', 'create', '2', { team: 'red', number: 1 }]],
    steps: [
      ['user', 'create', '1'],
      ['user', 'update', '1', { number: 2 }],
      ['user', 'upsert', '3'],
      ['user', 'upsert', '3', { team: 'blue' }],
    ],
    outcomes: 'duplicate_value not_found duplicate_value applied',
  },
  'a parent comes before its child, and goes after it': {
    existing: [
      ['folder', 'create', '1'],
      ['file', 'create', '1', { folderId: '1' }],
    ],
    steps: [
      ['folder', 'create', '2'],
      ['file', 'create', '2', { folderId: '2' }],
      ['file', 'delete', '1'],
      ['folder', 'delete', '1'],
    ],
    outcomes: 'applied applied applied applied',
  },
  'a parent that still has a child stays, and one that is gone has none': {
    existing: [
      ['folder', 'create', '1'],
      ['folder', 'create', '2'],
      ['file', 'create', '1', { folderId: '1' }],
    ],
    steps: [
      ['folder', 'delete', '1'],
      ['folder', 'delete', '2'],
      ['file', 'create', '2', { folderId: '2' }],
      ['file', 'update', '1', { folderId: '2' }],
    ],
    outcomes: 'foreign_key applied foreign_key foreign_key',
  },
  'what a cascade deletes was there for those before it in the log': {
    existing: [
      ['folder', 'create', '1'],
      ['page', 'create', '1', { folderId: '1' }],
    ],
    steps: [
      ['page', 'update', '1', { label: 'a' }],
      ['page', 'create', '1', { folderId: '1' }],
      ['folder', 'delete', '1'],
      ['page', 'update', '1', { label: 'b' }],
    ],
    outcomes: 'applied already_exists applied not_found',
  },
  'a child in its parent’s own table comes behind it, though rows are sorted by key': {
    steps: [
      ['comment', 'create', '2'],
      ['comment', 'create', '1', { parentId: '2' }],
      ['comment', 'delete', '1'],
      ['comment', 'delete', '2'],
    ],
    outcomes: 'applied applied applied applied',
  },
  'an ordered type keeps log order among all its objects': {
    existing: [['booking', 'create', '1', { seat: 'a' }]],
    steps: [
      ['booking', 'create', '2', { seat: 'a' }],
      ['booking', 'delete', '1'],
      ['booking', 'create', '3', { seat: 'a' }],
      ['booking', 'update', '3', { seat: 'b' }],
      ['booking', 'upsert', '2', { seat: 'a' }],
    ],
    outcomes: 'duplicate_value applied applied applied applied',
  },
  'a value that is freed later in the window is not to be had before': {
    existing: [['user', 'create', '2', { username: 'a' }]],
    steps: [
      ['user', 'create', '1', { username: 'a', number: 2 }],
      ['user', 'delete', '2'],
      ['user', 'update', '2', { username: 'b' }],
    ],
    outcomes: 'duplicate_value applied not_found',
  },
  'a value that moves on within the window was taken before': {
    existing: [
      ['user', 'create', '1', { username: 'a', number: 1 }],
      ['user', 'create', '2', { username: 'b', number: 2 }],
    ],
    steps: [
      ['user', 'update', '2', { email: 'x' }],
      ['user', 'update', '1', { username: 'b' }],
      ['user', 'update', '2', { username: 'c' }],
    ],
    outcomes: 'applied duplicate_value applied',
  },
  'an operation that others built on is not superseded': {
    existing: [['user', 'create', '2', { username: 'y', number: 2 }]],
    steps: [
      ['folder', 'upsert', '1', { label: 'a' }],
      ['file', 'create', '1', { folderId: '1' }],
      ['folder', 'upsert', '1', { label: 'b' }],
      ['user', 'update', '2', { username: 'x' }],
      ['user', 'create', '1', { username: 'y', number: 3 }],
      ['user', 'update', '2', { username: 'x' }],
    ],
    outcomes: 'applied applied applied applied applied applied',
  },
  'two values change places only over a third': {
    existing: [
      ['user', 'create', '1', { username: 'a', number: 1 }],
      ['user', 'create', '2', { username: 'b', number: 2 }],
    ],
    steps: [
      ['user', 'update', '1', { username: 'b' }],
      ['user', 'update', '2', { username: 'a' }],
      ['user', 'update', '1', { username: null }],
      ['user', 'update', '2', { username: 'a' }],
      ['user', 'update', '1', { username: 'b' }],
    ],
    outcomes: 'duplicate_value duplicate_value applied applied applied',
  },
  'a parent that comes later in the window can not be referred to before': {
    steps: [
      ['file', 'create', '1', { folderId: '1' }],
      ['folder', 'create', '1'],
      ['file', 'create', '2', { folderId: '1' }],
    ],
    outcomes: 'foreign_key applied applied',
  },
  'a child that goes later in the window holds on to its parent before': {
    existing: [
      ['folder', 'create', '1'],
      ['file', 'create', '1', { folderId: '1' }],
    ],
    steps: [
      ['folder', 'delete', '1'],
      ['file', 'delete', '1'],
      ['folder', 'delete', '1'],
    ],
    outcomes: 'foreign_key applied applied',
  },
  'what a cascade takes away is made anew, without what it was': {
    existing: [
      ['folder', 'create', '1'],
      ['page', 'create', '1', { folderId: '1', label: 'old' }],
      ['line', 'create', '1', { pageId: '1', label: 'old' }],
    ],
    steps: [
      ['line', 'upsert', '1', { saves: 1 }],
      ['folder', 'delete', '1'],
      ['line', 'create', '1', { saves: 2 }],
      ['line', 'upsert', '1', { saves: 3 }],
      ['page', 'update', '1', { label: 'new' }],
    ],
    outcomes: 'applied applied applied applied not_found',
  },
}

describe('objects that decide about each other', () => {
  it.each(Object.entries(cases))('%s', async (_, { existing = [], steps, outcomes }) => {
    const empty = new ModelTables(sampleTypes)
    const start = applyInOrder(empty, existing.map(operation))
    expect(start.outcomes.every((outcome) => outcome === 'applied')).toBe(true)
    const operations = steps.map(operation)
    const sources = sourcesOf(operations, (name) => empty.typeNamed(name))
    const window = await applyWindow(start.tables, sources, noPlanLimits)
    const alone = applyInOrder(start.tables, operations)
    expect(window.outcomes.join(' ')).toBe(outcomes)
    expect(alone.outcomes.join(' ')).toBe(outcomes.replaceAll('superseded', 'applied'))
    expect(window.after.snapshot()).toEqual(alone.tables.snapshot())
  })
})

function operation([type, kind, id, values = {}]: Step, index: number): Operation {
  return { index, type, kind, object: { id, userId: '7', ...values } }
}
