import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { objectKey } from '../../core/object-key.ts'
import type { Operation, OperationKind } from '../../core/operation.ts'
import type { Plan, PlanLimits } from '../../core/plan.ts'
import { planWindow } from '../../core/plan.ts'
import type { Source } from '../../core/source.ts'
import type { Effect } from '../../core/statement.ts'
import type { PlannedStatement } from '../../core/statement-group.ts'
import { keyText, withRowsPerStatement } from '../support/model-type.ts'
import { sourcesOf } from '../support/sample-operations.ts'
import { begin, sampleRuns } from '../support/sample-run.ts'
import {
  booking,
  comment,
  file,
  folder,
  note,
  pin,
  sampleTypes,
  separateTypes,
  user,
} from '../support/sample-types.ts'

const runs = sampleRuns(
  [sampleTypes, [user], [folder, file], ...separateTypes.map((type) => [type])],
  30,
)
const separateRuns = sampleRuns([separateTypes, ...separateTypes.map((type) => [type])], 30)

/** Checks a property of the first window of random runs. */
function forPlans(check: (plan: Plan, given: Given) => void): void {
  fc.assert(
    fc.property(runs, (run) => {
      const { sources } = begin(run)
      const limits = { statements: run.statements, operations: run.windowOperations }
      check(planWindow(sources, limits), {
        sources,
        limits,
        rowsPerStatement: run.rowsPerStatement,
      })
    }),
    { numRuns: 400 },
  )
}

interface Given {
  readonly sources: readonly Source[]
  readonly limits: PlanLimits
  readonly rowsPerStatement: number
}

describe('a plan', () => {
  it('takes a prefix of the operations, at least one and at most the limit', () => {
    forPlans(({ sources: taken }, { sources, limits }) => {
      expect(taken.length).toBeGreaterThan(0)
      expect(taken.length).toBeLessThanOrEqual(limits.operations)
      expect(taken).toEqual(sources.slice(0, taken.length))
    })
  })

  it('keeps within its statements, unless one operation alone needs more', () => {
    forPlans(({ sources, statements }, { limits }) => {
      const tables = sources[0]!.type.tables[sources[0]!.operation.kind]
      expect(statements.length).toBeLessThanOrEqual(Math.max(limits.statements, tables.length))
    })
  })

  it('ends only where the next operation needs more statements than there are', () => {
    forPlans(({ sources: taken }, { sources, limits }) => {
      if (taken.length === Math.min(sources.length, limits.operations)) return
      const longer = planWindow(sources.slice(0, taken.length + 1))
      expect(longer.statements.length).toBeGreaterThan(limits.statements)
    })
  })

  it('has each operation in the rows of every table that its kind writes', () => {
    forPlans(({ sources, statements, failed }) => {
      const failing = new Set(failed.map(({ source }) => source))
      for (const source of sources) {
        const mine = statements.filter(({ rows }) =>
          rows.some((row) => row.sources.includes(source)),
        )
        const tables = mine.map(({ table }) => table)
        expect(new Set(tables).size).toBe(tables.length)
        if (failing.has(source)) continue
        expect(tables).toEqual(expect.arrayContaining([...tablesNeeded(source)]))
      }
    })
  })

  it('has no object twice in a statement, and no more rows than allowed', () => {
    forPlans(({ statements }, { rowsPerStatement }) => {
      for (const { rows, type } of statements) {
        const keys = rows.map(({ set }) => keyText(type, set))
        expect(new Set(keys).size).toBe(keys.length)
        expect(rows.length).toBeGreaterThan(0)
        expect(rows.length).toBeLessThanOrEqual(rowsPerStatement)
      }
    })
  })

  it('sorts the rows of a table’s statements by primary key where objects do not meet', () => {
    fc.assert(
      fc.property(separateRuns, (run) => {
        const { statements } = planWindow(oncePerObject(begin(run).sources))
        const places = Map.groupBy(statements, (s) => `${s.type.name} ${s.table} ${s.effect}`)
        for (const same of places.values()) {
          const { type } = same[0]!
          const keys = same.flatMap(({ rows }) => rows.map(({ set }) => keyText(type, set)))
          expect(keys).toEqual([...keys].sort())
        }
      }),
      { numRuns: 400 },
    )
  })

  it('has the rows of objects that may meet in log order, for all but deletes', () => {
    fc.assert(
      fc.property(sampleRuns([[user], [comment]], 30), (run) => {
        const { sources, statements } = planWindow(begin(run).sources)
        const places = new Map(sources.map((source, place) => [source, place]))
        for (const { effect, rows } of statements) {
          const inLog = rows.map((row) => places.get(row.sources[0]!)!)
          const inOrder = [...inLog].sort((a, b) => a - b)
          if (effect !== 'delete') expect(inLog).toEqual(inOrder)
        }
      }),
      { numRuns: 400 },
    )
  })

  it('deletes in log order where a type is ordered, as far as MySQL keeps it: by key', () => {
    const sources = sourcesOf(
      operationsOf('booking', [
        ['delete', '1'],
        ['delete', '3'],
        ['delete', '2'],
      ]),
      () => booking,
    )
    const { statements } = planWindow(sources)
    expect(statements.map(({ rows }) => rows.map(({ set }) => set.id))).toEqual([['1', '3'], ['2']])
  })

  it('deletes a parent no earlier than the children before it, so that they need no isolation', () => {
    const steps = ['1', '2'].flatMap((id) => [
      { type: 'file', id },
      { type: 'folder', id },
    ])
    const operations = steps.map(({ type, id }, index) => ({
      ...{ index, type, kind: 'delete' as const },
      object: { id, userId: '7' },
    }))
    const types = [file, folder]
    const sources = sourcesOf(operations, (name) => types.find((type) => type.name === name)!)
    const { statements } = planWindow(sources)
    expect(statements.map(({ type, rows }) => `${type.name} ${rows[0]!.set.id}`)).toEqual([
      'file 1',
      'folder 1',
      'file 2',
      'folder 2',
    ])
  })

  it('keeps one order for all ordered types, and tables by object', () => {
    const types = [booking, { ...pin, ordered: true }]
    const steps = [
      ['booking', '1'],
      ['pin', '1'],
      ['pin', '2'],
      ['booking', '2'],
    ] as const
    const operations = steps.map(([type, id], index) => ({
      ...{ index, type, kind: 'create' as const },
      object: { id, userId: '7' },
    }))
    const sources = sourcesOf(operations, (name) => types.find((type) => type.name === name)!)
    const { statements } = planWindow(sources)
    expect(statements.map(({ type, table, rows }) => [type.name, table, rows[0]!.set.id])).toEqual([
      ['booking', 0, '1'],
      ...[0, 1, 2].map((table) => ['pin', table, '1']),
      ...[0, 1, 2].map((table) => ['pin', table, '2']),
      ['booking', 0, '2'],
    ])
  })

  it('runs deletes, inserts and modifications, parents before children, deletes the other way', () => {
    const place: Readonly<Record<Effect, number>> = { delete: 0, create: 1, upsert: 1, modify: 2 }
    const inOrder = (a: PlannedStatement, b: PlannedStatement) => {
      if (place[a.effect] !== place[b.effect]) return place[a.effect] - place[b.effect]
      const down = a.effect === 'delete' ? -1 : 1
      if (a.type !== b.type) return down * (a.type.ordinal - b.type.ordinal)
      if (a.effect !== b.effect) return a.effect < b.effect ? -1 : 1
      return down * (a.table - b.table)
    }
    fc.assert(
      fc.property(separateRuns, (run) => {
        const { statements } = planWindow(oncePerObject(begin(run).sources))
        expect(statements).toEqual([...statements].sort(inOrder))
      }),
      { numRuns: 400 },
    )
  })

  it('lets the statements of one set of rows share it', () => {
    const type = { ...pin, rowsPerStatement: withRowsPerStatement(2) }
    const steps = ['1', '2', '3'].map((id) => ['create', id] as const)
    const sources = sourcesOf(operationsOf('pin', steps), () => type)
    const { statements } = planWindow(sources)
    expect(statements.map(({ table, rows }) => [table, rows.length])).toEqual([
      [0, 2],
      [0, 1],
      [1, 2],
      [1, 1],
      [2, 2],
      [2, 1],
    ])
    expect(statements[2]!.rows).toBe(statements[0]!.rows)
    expect(statements[5]!.rows).toBe(statements[1]!.rows)
  })

  it('fills a modification up to the lower of its two kinds’ rows per statement', () => {
    const rowsPerStatement = { create: 9, upsert: 9, update: 3, increment: 2, delete: 9 }
    const type = { ...note, rowsPerStatement }
    const steps = ['1', '2', '3', '4', '5'].map((id) => ['update', id] as const)
    const { statements } = planWindow(sourcesOf(operationsOf('note', steps), () => type))
    expect(statements.map(({ rows }) => rows.length)).toEqual([2, 2, 1])
  })

  it('counts the tables that a merged operation adds to its row', () => {
    const steps = [
      ['update', '1'],
      ['update', '2'],
      ['increment', '1'],
    ] as const
    const sources = sourcesOf(operationsOf('pin', steps), () => pin)
    const { statements } = planWindow(sources)
    expect(statements.map(({ table, rows }) => [table, rows.length])).toEqual([
      [0, 2],
      [1, 2],
      [2, 1],
    ])
    const short = planWindow(sources, { statements: 2, operations: 10 })
    expect(short.sources).toHaveLength(2)
    expect(short.statements).toHaveLength(2)
  })

  it('gives an ordered type’s operations a row each, in log order', () => {
    fc.assert(
      fc.property(sampleRuns([[booking]], 30), (run) => {
        const { sources } = begin(run)
        const rows = planWindow(sources).statements.flatMap((statement) => statement.rows)
        expect(rows.map((row) => row.sources)).toEqual(sources.map((source) => [source]))
      }),
      { numRuns: 400 },
    )
  })

  it('of nothing is empty', () => {
    expect(planWindow([])).toMatchObject({
      sources: [],
      statements: [],
      superseded: [],
      failed: [],
    })
  })
})

function tablesNeeded({ type, operation }: Source): readonly number[] {
  return type.tables[operation.kind]
}

function operationsOf(
  type: string,
  steps: readonly (readonly [OperationKind, string])[],
): Operation[] {
  return steps.map(([kind, id], index) => ({ index, type, kind, object: { id, userId: '7' } }))
}

/** The first operation on each object of the unordered types, so that all of them make one stage. */
function oncePerObject(sources: readonly Source[]): Source[] {
  const unordered = sources.filter(({ type }) => !type.ordered)
  const objects = Map.groupBy(unordered, (source) => `${source.type.name} ${objectKey(source)}`)
  return [...objects.values()].map(([first]) => first!)
}
