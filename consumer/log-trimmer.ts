import type { Alerts } from '../core/alerts.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { ShardId } from '../core/position.ts'
import { clockToleranceMs, noteIntervalMs, planRetention } from '../core/retention.ts'
import type { ShardHistory, ShardStore } from '../core/shard-store.ts'
import type { ShardReport } from './shard-report.ts'

/** How often the trimmer looks up: as often as it notes, within these; a headroom gets so old. */
const leastRoundMs = 500
const mostRoundMs = 10_000
/** A shard that can't be trimmed is tried again after so long, or when it would be due anyhow. */
const retryMs = 60_000
/** A database or a broker that is away for a moment is nobody's business: the shard says so itself. */
const alertAfterFailures = 3
/** A database that does not answer must not keep the process: nothing is lost by leaving it amid. */
const stopGraceMs = 1_000

export interface LogTrimmerOptions {
  readonly log: Log
  readonly store: ShardStore
  readonly clock: Clock
  readonly alerts: Alerts
  /** How long what is applied stays in the log, from when it was applied. */
  readonly retainHours: number
  /** The shards of this worker. */
  readonly reports: () => ReadonlyMap<ShardId, ShardReport>
}

interface Turn {
  readonly dueMs: number
  readonly failures: number
}

/**
 * Trims the log behind a worker's shards, one shard at a time, over connections of its own: no window
 * waits for it, and no rate pays for it. What it does rests on what the shard has committed, whoever
 * owns it by then, so it needs no fence. An error stops nothing but is told.
 */
export class LogTrimmer {
  readonly #options: LogTrimmerOptions
  readonly #retainMs: number
  readonly #everyMs: number
  readonly #abort = new AbortController()
  /** By the shard's report, which begins with each run: a shard is looked at soon after a claim. */
  readonly #turns = new WeakMap<ShardReport, Turn>()
  readonly #done: Promise<void>

  constructor(options: LogTrimmerOptions) {
    this.#options = options
    this.#retainMs = options.retainHours * 3_600_000
    this.#everyMs = noteIntervalMs(this.#retainMs)
    this.#done = this.#loop()
  }

  /** Ends with the shard that is being trimmed, if that does not take long. */
  async stop(): Promise<void> {
    this.#abort.abort()
    const ended = new AbortController()
    const outOfTime = this.#options.clock.sleep(stopGraceMs, ended.signal)
    await Promise.race([this.#done, outOfTime])
    ended.abort()
  }

  async #loop(): Promise<void> {
    const { clock, reports } = this.#options
    const { signal } = this.#abort
    while (!signal.aborted) {
      await clock.sleep(Math.max(leastRoundMs, Math.min(this.#everyMs, mostRoundMs)), signal)
      const shards = reports()
      await this.#lookAtRoom(shards)
      for (const [shard, report] of shards) {
        const isDue = clock.monotonicMs() >= (this.#turns.get(report)?.dueMs ?? 0)
        // Before the first claim this worker knows nothing of the shard.
        if (isDue && report.position && !signal.aborted) await this.#serve(shard, report)
      }
    }
  }

  async #lookAtRoom(reports: ReadonlyMap<ShardId, ShardReport>): Promise<void> {
    if (this.#abort.signal.aborted) return
    const headroom = await this.#options.log.headroom().catch(() => undefined)
    for (const report of reports.values()) report.headroom = headroom
  }

  async #serve(shard: ShardId, report: ShardReport): Promise<void> {
    const problem = await this.#trim(shard).then(
      () => undefined,
      (error: Error) => error.message,
    )
    if (this.#abort.signal.aborted) return
    report.trimProblem = problem
    const failures = problem === undefined ? 0 : (this.#turns.get(report)?.failures ?? 0) + 1
    const waitMs = problem === undefined ? this.#everyMs : Math.min(this.#everyMs, retryMs)
    this.#turns.set(report, { dueMs: this.#options.clock.monotonicMs() + waitMs, failures })
    if (failures !== alertAfterFailures) return
    const message = `the log can't be trimmed behind the shard, and grows: ${problem}`
    this.#options.alerts.raise({ shard, code: 'log_trim_failed', message })
  }

  async #trim(shard: ShardId): Promise<void> {
    const { log, store } = this.#options
    const history = await store.history(shard, log)
    try {
      await this.#trimBy(shard, history)
    } finally {
      await history.close()
    }
  }

  async #trimBy(shard: ShardId, history: ShardHistory): Promise<void> {
    const stood = await history.read()
    this.#compareClocks(stood.nowMs)
    const { isNoteDue, trimBefore, forgetBefore } = planRetention(stood, this.#retainMs)
    if (isNoteDue) await history.note()
    if (trimBefore !== undefined) await this.#options.log.trim(shard, trimBefore)
    if (forgetBefore !== undefined) await history.forget(forgetBefore)
  }

  #compareClocks(databaseMs: number): void {
    const apartMs = Math.abs(databaseMs - this.#options.clock.epochMs())
    if (apartMs <= clockToleranceMs(this.#retainMs)) return
    const seconds = Math.round(apartMs / 1000)
    throw new Error(
      `this machine's clock and the database's are ${seconds} s apart: set them right`,
    )
  }
}
