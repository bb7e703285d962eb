import { isOfHistory, type RowFailure } from './failure.ts'
import type { Source } from './source.ts'

/**
 * Tells bad operations from a bad environment. A job may fail for its own reasons, and pays for that
 * with credit: some to begin with, more for each operation that applied. One job beyond its credit
 * is at fault by itself. Several jobs that fail alike beyond theirs have the environment in common:
 * a narrowed column, a new index, a trigger. Recording that would empty the log into the failures.
 *
 * What the object's key decides (`not_found`, `already_exists`, `stale`) costs nothing: it tells of
 * the objects' history, such as a request that was sent twice, and no change of a table makes it. Nor
 * does it make `idempotency_key_reused`.
 */
export interface FailureCreditRules {
  /** Failures that a job may have before any of its operations applied. */
  readonly operations: number
  /** So many jobs failing alike stop the shard; 0 is never. */
  readonly jobs: number
}

export const defaultFailureCredit = 100
export const defaultFailingAlikeJobs = 3

/** Every tenth operation of a job may fail in the long run. */
const earnedPerSuccess = 0.1
/** A long good past pays for so many times the first credit at most. */
const mostCredits = 10
/** Failures further back are another story. */
const recentWindows = 100
/** Jobs and ways of failing that are kept in mind; those not met for longest are forgotten. */
const maxJobs = 1000
const maxWays = 100

/** What a window did to one job's operations. */
interface JobOutcomes {
  applied: number
  failed: number
  /** The ways in which they failed: type, code and the column or key that is named. */
  readonly ways: Set<string>
}

export interface FailingAlike {
  /** Type, code and what the message names, for people. */
  readonly way: string
  readonly jobs: number
}

export class FailureCredit {
  readonly #rules: FailureCreditRules
  /** What is left to each job, the one met last at the end. */
  readonly #left = new Map<string, number>()
  /** By way of failing: the jobs beyond their credit, and when they last failed so. */
  readonly #beyond = new Map<string, Map<string, number>>()
  #windows = 0

  constructor(rules: FailureCreditRules) {
    this.#rules = rules
  }

  /** What several jobs have in common once this window is recorded. Changes nothing. */
  judge(outcomes: WindowOutcomes): FailingAlike | undefined {
    if (this.#rules.jobs === 0) return undefined
    const jobsByWay = new Map<string, Set<string>>()
    for (const [job, { ways }] of outcomes.jobs) {
      if (ways.size === 0 || this.#leftAfter(job, outcomes) >= 0) continue
      for (const way of ways) {
        const jobs = jobsByWay.get(way) ?? new Set(this.#recentlyBeyond(way))
        jobsByWay.set(way, jobs.add(job))
      }
    }
    for (const [way, jobs] of jobsByWay) {
      if (jobs.size >= this.#rules.jobs) return { way, jobs: jobs.size }
    }
    return undefined
  }

  /** The window was committed. */
  settle(outcomes: WindowOutcomes): void {
    this.#windows++
    for (const [job, { ways }] of outcomes.jobs) {
      const left = this.#leftAfter(job, outcomes)
      this.#left.delete(job)
      this.#left.set(job, left)
      if (left < 0) for (const way of ways) this.#noteBeyond(way, job)
    }
    forgetFirst(this.#left, maxJobs)
    forgetFirst(this.#beyond, maxWays)
  }

  #leftAfter(job: string, { jobs }: WindowOutcomes): number {
    const { applied, failed } = jobs.get(job)!
    const { operations } = this.#rules
    const before = this.#left.get(job) ?? operations
    return Math.min(before + applied * earnedPerSuccess, operations * mostCredits) - failed
  }

  #recentlyBeyond(way: string): string[] {
    const since = this.#windows - recentWindows
    return [...(this.#beyond.get(way) ?? [])].filter(([, at]) => at > since).map(([job]) => job)
  }

  #noteBeyond(way: string, job: string): void {
    const jobs = this.#beyond.get(way) ?? new Map<string, number>()
    this.#beyond.delete(way)
    this.#beyond.set(way, jobs)
    jobs.delete(job)
    jobs.set(job, this.#windows)
    forgetFirst(jobs, maxJobs)
  }
}

/** What became of a window's operations, job by job. */
export class WindowOutcomes {
  readonly jobs = new Map<string, JobOutcomes>()

  constructor(
    sources: readonly Source[],
    failed: readonly { readonly source: Source; readonly failure: RowFailure }[],
  ) {
    for (const source of sources) this.#of(source).applied++
    for (const { source, failure } of failed) {
      const outcomes = this.#of(source)
      outcomes.applied--
      if (isOfHistory(failure)) continue
      outcomes.failed++
      outcomes.ways.add(`${source.type.name}: ${failure.message} (${failure.code})`)
    }
  }

  #of({ origin: { job } }: Source): JobOutcomes {
    let outcomes = this.jobs.get(job)
    if (!outcomes) {
      outcomes = { applied: 0, failed: 0, ways: new Set() }
      this.jobs.set(job, outcomes)
    }
    return outcomes
  }
}

function forgetFirst(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return
    map.delete(key)
  }
}
