import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyInOrder } from '../support/model-database.ts'
import type { SampleRun } from '../support/sample-run.ts'
import { begin, namings, sampleRuns } from '../support/sample-run.ts'
import {
  comment,
  entangledTypes,
  file,
  folder,
  line,
  page,
  reply,
  separateTypes,
  user,
} from '../support/sample-types.ts'
import { applyWindows } from '../support/window-run.ts'

const runs = {
  separate: sampleRuns([separateTypes, ...separateTypes.map((type) => [type])], 24),
  entangled: sampleRuns(
    [entangledTypes, [user], [folder, file], [folder, page, line], [comment], [reply]],
    16,
  ),
}

describe.each(Object.entries(runs))('applying windows to %s objects', (_, sampleRun) => {
  it('gives the rows and outcomes of applying the operations one by one in log order', async () => {
    await fc.assert(
      fc.asyncProperty(sampleRun, async (run) => {
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
      fc.asyncProperty(sampleRun, async (run) => {
        const { start, outcomes, end } = await applied(run)
        const isApplied = (_: unknown, i: number) => outcomes[i] === 'applied'
        const without = applyInOrder(start, run.operations.filter(isApplied))
        expect(without.tables.snapshot()).toEqual(end.snapshot())
        expect(without.outcomes).toEqual(outcomes.filter(isApplied))
      }),
      { numRuns: 3000 },
    )
  })
})

async function applied(run: SampleRun) {
  const { start, sources } = begin(run)
  const limits = { statements: run.statements, operations: run.windowOperations }
  const windows = await applyWindows(start, sources, limits, namings[run.naming])
  const outcomes = windows.flatMap((window) => window.outcomes)
  return { start, windows, outcomes, end: windows.at(-1)!.after }
}
