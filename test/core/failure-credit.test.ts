import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FailureCode } from '../../core/failure.ts'
import { FailureCredit, WindowOutcomes } from '../../core/failure-credit.ts'
import { offset } from '../../core/position.ts'
import type { Source } from '../../core/source.ts'
import { note } from '../support/sample-types.ts'

const rules = { operations: 100, jobs: 3 }

interface JobInWindow {
  readonly job: string
  readonly applied?: number
  readonly failed?: number
  readonly code?: FailureCode
  readonly named?: string
}

function windowOf(...jobs: readonly JobInWindow[]): WindowOutcomes {
  const sources: Source[] = []
  const failed: { source: Source; failure: { code: FailureCode; message: string } }[] = []
  for (const { job, applied = 0, failed: bad = 0, code = 'too_long', named = 'title' } of jobs) {
    for (let i = 0; i < applied + bad; i++) {
      const operation = { index: i, type: 'note', kind: 'create' as const, object: {} }
      const origin = { job, tenant: 'tests' }
      const source = { operation, type: note, origin, end: { offset: offset(1), operation: 0 } }
      sources.push(source)
      if (i < bad) failed.push({ source, failure: { code, message: `a value: column ${named}` } })
    }
  }
  return new WindowOutcomes(sources, failed)
}

/** Settles windows until one is not to be recorded, and gives how many were. */
function recordedOf(credit: FailureCredit, windows: readonly WindowOutcomes[]): number {
  for (const [i, window] of windows.entries()) {
    if (credit.judge(window)) return i
    credit.settle(window)
  }
  return windows.length
}

const times = <T>(count: number, make: (i: number) => T) =>
  Array.from({ length: count }, (_, i) => make(i))

describe('failure credit', () => {
  it('lets one job fail as often as it likes', () => {
    const windows = times(500, () => windowOf({ job: 'a', failed: 10 }))
    expect(recordedOf(new FailureCredit(rules), windows)).toBe(500)
  })

  it('stops at the third job that fails alike beyond its credit, and names what they share', () => {
    const credit = new FailureCredit(rules)
    const one = windowOf(
      { job: 'a', failed: 10 },
      { job: 'b', failed: 10 },
      { job: 'c', failed: 10 },
    )
    expect(
      recordedOf(
        credit,
        times(20, () => one),
      ),
    ).toBe(10)
    expect(credit.judge(one)).toEqual({
      way: 'note: a value: column title (too_long)',
      jobs: 3,
    })
  })

  it('stops at once where a window takes three jobs beyond their credit', () => {
    const jobs = times(3, (i) => ({ job: `job ${i}`, failed: 101 }))
    expect(new FailureCredit(rules).judge(windowOf(...jobs))).toBeDefined()
  })

  it('takes jobs that fail in ways of their own for what they are', () => {
    const jobs = times(5, (i) => ({ job: `job ${i}`, failed: 10, named: `column ${i}` }))
    expect(
      recordedOf(
        new FailureCredit(rules),
        times(100, () => windowOf(...jobs)),
      ),
    ).toBe(100)
  })

  it.each(['not_found', 'already_exists', 'stale'] as const)('%s costs nothing', (code) => {
    const jobs = times(5, (i) => ({ job: `job ${i}`, failed: 50, code }))
    expect(
      recordedOf(
        new FailureCredit(rules),
        times(100, () => windowOf(...jobs)),
      ),
    ).toBe(100)
  })

  it('is earned: jobs of which every tenth operation fails go on for ever', () => {
    const jobs = times(5, (i) => ({ job: `job ${i}`, applied: 91, failed: 9 }))
    expect(
      recordedOf(
        new FailureCredit(rules),
        times(1000, () => windowOf(...jobs)),
      ),
    ).toBe(1000)
  })

  it('is bounded, however well a job went before', () => {
    const well = times(1000, () =>
      windowOf(...times(3, (i) => ({ job: `job ${i}`, applied: 100 }))),
    )
    const credit = new FailureCredit(rules)
    recordedOf(credit, well)
    const ill = times(50, () => windowOf(...times(3, (i) => ({ job: `job ${i}`, failed: 50 }))))
    expect(recordedOf(credit, ill)).toBe(20)
  })

  it('forgets who failed alike long ago', () => {
    const credit = new FailureCredit(rules)
    const past = ['a', 'b'].map((job) => windowOf({ job, failed: 150 }))
    const between = times(100, () => windowOf({ job: 'd', applied: 10 }))
    const now = windowOf({ job: 'c', failed: 150 })
    expect(recordedOf(credit, [...past, ...between, now])).toBe(103)
    expect(recordedOf(new FailureCredit(rules), [...past, now])).toBe(2)
  })

  it('never stops where it is told not to', () => {
    const credit = new FailureCredit({ operations: 100, jobs: 0 })
    const jobs = times(9, (i) => ({ job: `job ${i}`, failed: 200 }))
    expect(
      recordedOf(
        credit,
        times(20, () => windowOf(...jobs)),
      ),
    ).toBe(20)
  })

  it('records no more than each job’s credit once enough jobs fail alike, in windows of any kind', () => {
    const windows = fc.array(
      fc.uniqueArray(
        fc.record({
          job: fc.constantFrom('a', 'b', 'c', 'd'),
          failed: fc.integer({ min: 1, max: 80 }),
        }),
        { selector: ({ job }) => job, minLength: 1 },
      ),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(windows, (given) => {
        const credit = new FailureCredit(rules)
        const recorded = new Map<string, number>()
        for (const jobs of given) {
          const window = windowOf(...jobs)
          if (credit.judge(window)) break
          credit.settle(window)
          for (const { job, failed } of jobs) recorded.set(job, (recorded.get(job) ?? 0) + failed)
        }
        const beyond = [...recorded.values()].filter((failed) => failed > rules.operations)
        expect(beyond.length).toBeLessThan(rules.jobs)
      }),
    )
  })
})
