import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { explainingOrder } from '../support/explaining-order.ts'
import { applyInOrder } from '../support/model-database.ts'
import type { SampleRun } from '../support/sample-run.ts'
import { begin, sampleRuns } from '../support/sample-run.ts'
import { entangledTypes, exactTypes, file, folder, user } from '../support/sample-types.ts'
import { applyWindows } from '../support/window-run.ts'

const exactRuns = sampleRuns([exactTypes, ...exactTypes.map((type) => [type])], 24)
const entangledRuns = sampleRuns([entangledTypes, [user], [folder, file]], 7)

describe('applying windows', () => {
  it('gives the rows and outcomes of applying the operations one by one in log order', async () => {
    await fc.assert(
      fc.asyncProperty(exactRuns, async (run) => {
        const { start, outcomes, end } = await applied(run)
        const alone = applyInOrder(start, run.operations)
        expect(end.snapshot()).toEqual(alone.tables.snapshot())
        // A superseded operation is one that applies when alone.
        const asAlone = outcomes.map((outcome) => (outcome === 'superseded' ? 'applied' : outcome))
        expect(asAlone).toEqual(alone.outcomes)
      }),
      { numRuns: 3000 },
    )
  })

  it('calls superseded only what makes no difference when it is left out', async () => {
    await fc.assert(
      fc.asyncProperty(exactRuns, async (run) => {
        const { start, outcomes, end } = await applied(run)
        const isApplied = (_: unknown, i: number) => outcomes[i] === 'applied'
        const without = applyInOrder(start, run.operations.filter(isApplied))
        expect(without.tables.snapshot()).toEqual(end.snapshot())
        expect(without.outcomes).toEqual(outcomes.filter(isApplied))
      }),
      { numRuns: 3000 },
    )
  })

  it('keeps each object’s log order, and blames other objects only in log order', async () => {
    await fc.assert(
      fc.asyncProperty(entangledRuns, async (run) => {
        const { windows } = await applied(run)
        for (const window of windows) expect(explainingOrder(window)).toBeDefined()
      }),
      { numRuns: 3000 },
    )
  })
})

async function applied(run: SampleRun) {
  const { start, sources } = begin(run)
  const limits = { statements: run.statements, operations: run.windowOperations }
  const windows = await applyWindows(start, sources, limits)
  const outcomes = windows.flatMap((window) => window.outcomes)
  return { start, windows, outcomes, end: windows.at(-1)!.after }
}
