import type { Alerts } from '../core/alerts.ts'
import { CancelledJobs } from '../core/cancel.ts'
import type { Clock } from '../core/clock.ts'
import type { ControlFollower, Log } from '../core/log.ts'
import { LogError } from '../core/log.ts'
import type { Offset, ShardId } from '../core/position.ts'
import type { Source } from '../core/source.ts'
import type { Control } from './shard-report.ts'

/**
 * A window is decided by what was known so short a time ago. A follower asks at least twice a second;
 * older is what a process knows that stood still.
 */
const maxAgeMs = 2000
/** While control can't be read, windows wait so long; then they go on by what was known last. */
const mostAgeMs = 30_000
const freshenEveryMs = 50

export interface ControlOptions {
  readonly log: Log
  readonly clock: Clock
  readonly alerts: Alerts
  /** Has the shards' statuses published now. */
  readonly tell: () => void
}

/** What a worker knows of the desired state: which jobs go no further. */
export class WorkerControl implements Control {
  readonly cancelled: CancelledJobs
  readonly #options: ControlOptions
  readonly #follower: ControlFollower
  #isUnread = false

  constructor(options: ControlOptions) {
    this.#options = options
    this.cancelled = new CancelledJobs(options.log.logId)
    this.#follower = options.log.control.follow((key, value) => this.#note(key, value))
  }

  /** The offset behind the last change that is known. */
  get next(): Offset {
    return this.#follower.next
  }

  /** Has everyone told how far it was read. */
  tell(): void {
    this.#options.tell()
  }

  isCancelled(shard: ShardId, { origin, end }: Source): boolean {
    return this.cancelled.size > 0 && this.cancelled.covers(origin.job, shard, end)
  }

  /**
   * Reads control to its end as of now, as every claim must before its first window. Rejects with a
   * `LogError`, unless it has been away for so long that windows go on without it.
   */
  async catchUp(): Promise<void> {
    try {
      await this.#follower.catchUp()
    } catch (error) {
      const { ageMs } = this.#follower
      const isKnown = Number.isFinite(ageMs)
      const canWait = error instanceof LogError && error.canRetry
      if (!canWait || !isKnown || ageMs < mostAgeMs) throw error
      this.#tellUnread(undefined)
    }
  }

  /** Waits until what is known is fresh, or has been old for too long; at once as a rule. */
  async freshen(shard: ShardId, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    for (;;) {
      const { ageMs } = this.#follower
      if (ageMs <= maxAgeMs) {
        this.#isUnread = false
        return
      }
      if (signal.aborted) return
      if (ageMs >= mostAgeMs) return this.#tellUnread(shard)
      await clock.sleep(freshenEveryMs, signal)
    }
  }

  close(): void {
    this.#follower.close()
  }

  #note(key: string, value: string | undefined): void {
    const { alerts } = this.#options
    if (!this.cancelled.note(key, value)) {
      const message = `control has ${JSON.stringify(key)}, which this worker does not know, and goes on without it; a worker of a later version knows it`
      alerts.raise({ code: 'control_unknown', message })
    }
    this.tell()
  }

  /** Once until control can be read again. */
  #tellUnread(shard: ShardId | undefined): void {
    if (this.#isUnread) return
    this.#isUnread = true
    const message = `the control topic could not be read for ${mostAgeMs / 1000} s: windows go on by what was known before, and later cancels are not seen until it can`
    this.#options.alerts.raise({
      ...(shard !== undefined && { shard }),
      code: 'control_unread',
      message,
    })
  }
}
