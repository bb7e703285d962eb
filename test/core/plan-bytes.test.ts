import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Operation } from '../../core/operation.ts'
import { operationBytes } from '../../core/operation-bytes.ts'
import { planWindow } from '../../core/plan.ts'
import type { PlannedStatement } from '../../core/statement-group.ts'
import { sourcesOf } from '../support/sample-operations.ts'
import { begin, sampleRuns } from '../support/sample-run.ts'
import { note, pin, sampleTypes } from '../support/sample-types.ts'

const limits = { statements: Infinity, operations: Infinity }

function bytesIn({ rows }: PlannedStatement): number {
  return rows.reduce((sum, row) => sum + row.bytes, 0)
}

describe('a limit on the bytes of a statement', () => {
  it('is kept by every statement of more than one row, and the plan keeps its statements', async () => {
    const runs = sampleRuns([sampleTypes], 24)
    await fc.assert(
      fc.asyncProperty(
        runs,
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 1, max: 8 }),
        async (run, statementBytes, statements) => {
          const { sources } = begin(run)
          const plan = planWindow(sources, { ...limits, statements, statementBytes })
          for (const statement of plan.statements) {
            expect(statement.rows.length === 1 || bytesIn(statement) <= statementBytes).toBe(true)
          }
          const first = planWindow(sources.slice(0, 1)).statements.length
          expect(plan.statements.length).toBeLessThanOrEqual(Math.max(first, statements))
          expect(plan.sources.length).toBeGreaterThan(0)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('counts what merged rows have, not what went into them', () => {
    const operations = Array.from({ length: 100 }, (_, index): Operation => {
      const object = { id: '1', userId: '7', title: 'x'.repeat(index % 50) }
      return { index, type: 'note', kind: 'upsert', object }
    })
    const [statement] = planWindow(sourcesOf(operations, () => note)).statements
    const last = operations.at(-1)!
    expect(bytesIn(statement!)).toBe(operationBytes(note, last))
  })

  it('is no limit for a single operation, in all its tables', () => {
    const object = { id: '1', userId: '7', title: 'x'.repeat(5000) }
    const operation: Operation = { index: 0, type: 'pin', kind: 'create', object }
    const sources = sourcesOf([operation], () => pin)
    const { statements } = planWindow(sources, { statements: 1, operations: 1, statementBytes: 10 })
    expect(statements).toHaveLength(3)
  })
})
