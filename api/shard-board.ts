import type { Clock } from '../core/clock.ts'
import type { Log, LogBounds } from '../core/log.ts'
import type { Offset, ShardId } from '../core/position.ts'
import { parseStatus, type ShardReason, type ShardStatus } from '../core/shard-status.ts'
import { withDeadline } from './deadline.ts'
import type { ApiLimits } from './limits.ts'

export type ShownReason = ShardReason | 'silent'

/** A shard as its worker last reported it. */
export interface ReportedShard {
  readonly status: ShardStatus
  readonly ageMs: number
  readonly reason: ShownReason
  readonly detail: string | undefined
  /** False if its position counts in another log than the one this API writes to. */
  readonly sameLog: boolean
}

/** The shards' states as one look at the board found them. */
export interface BoardView {
  /** Undefined for a shard that no worker has reported yet. */
  shard(shard: ShardId): ReportedShard | undefined
  /** Seconds until a shard's worker has settled all messages before `end`; null if unknown. */
  secondsUntil(shard: ShardId, end: Offset): number | null
}

const emptyBoard: BoardView = { shard: () => undefined, secondsUntil: () => null }

/** An accepted write does not wait for a slow board longer than its client would notice. */
const optionalWaitMs = 250

/** What workers publish of their shards, read at most about once a second for all requests. */
export class ShardBoard {
  readonly #log: Log
  readonly #clock: Clock
  readonly #limits: ApiLimits
  readonly #known = new Map<ShardId, ShardStatus>()
  readonly #statuses: Cached<ReadonlyMap<ShardId, ShardStatus>>
  readonly #bounds = new Map<ShardId, Cached<LogBounds>>()

  constructor(log: Log, clock: Clock, limits: ApiLimits) {
    this.#log = log
    this.#clock = clock
    this.#limits = limits
    this.#statuses = this.#cached(async () => this.#newest(parseStatuses(await log.status.read())))
  }

  async view(): Promise<BoardView> {
    return this.#viewOf(await this.#statuses())
  }

  /** As `view`, but as the board is now; an empty one if it can't be read. */
  async look(): Promise<BoardView> {
    try {
      const reading = this.#log.status.read()
      const values = await withDeadline(this.#clock, this.#limits.readTimeoutMs, reading)
      return this.#viewOf(this.#newest(parseStatuses(values)))
    } catch {
      return emptyBoard
    }
  }

  #viewOf(statuses: ReadonlyMap<ShardId, ShardStatus>): BoardView {
    const nowMs = this.#clock.epochMs()
    const shard = (shard: ShardId): ReportedShard | undefined => {
      const status = statuses.get(shard)
      return status && this.#report(status, nowMs)
    }
    return {
      shard,
      secondsUntil: (id, end) => {
        const reported = shard(id)
        return reported?.sameLog ? secondsUntil(reported, end) : null
      },
    }
  }

  /** As `view`, but a board that can't be read soon is empty: for answers that do without it. */
  async viewIfAny(): Promise<BoardView> {
    try {
      return await withDeadline(this.#clock, optionalWaitMs, this.view())
    } catch {
      return emptyBoard
    }
  }

  bounds(shard: ShardId): Promise<LogBounds> {
    let bounds = this.#bounds.get(shard)
    if (!bounds) {
      bounds = this.#cached(() => this.#log.bounds(shard))
      this.#bounds.set(shard, bounds)
    }
    return bounds()
  }

  /** A worker that lost a shard may not know it yet: a lower claim does not undo a higher one. */
  #newest(read: ReadonlyMap<ShardId, ShardStatus>): ReadonlyMap<ShardId, ShardStatus> {
    for (const [shard, status] of read) {
      const known = this.#known.get(shard)
      const isSameLog = known?.logId === status.logId
      if (!known || !isSameLog || status.claim >= known.claim) this.#known.set(shard, status)
    }
    return this.#known
  }

  #report(status: ShardStatus, nowMs: number): ReportedShard {
    const ageMs = Math.max(0, nowMs - status.updatedAtMs)
    if (status.logId !== this.#log.logId) {
      const detail = `its worker follows the log ${status.logId}, this API writes to ${this.#log.logId}`
      return { status, ageMs, reason: 'stopped', detail, sameLog: false }
    }
    if (ageMs <= this.#limits.silentAfterMs) {
      return { status, ageMs, reason: status.reason, detail: status.detail, sameLog: true }
    }
    const detail = `no worker has reported for ${Math.round(ageMs / 1000)} s; the last word was ${status.reason}`
    return { status, ageMs, reason: 'silent', detail, sameLog: true }
  }

  #cached<T>(read: () => Promise<T>): Cached<T> {
    const { stateMaxAgeMs, readTimeoutMs } = this.#limits
    let current: Promise<T> | undefined
    let readAtMs = 0
    return () => {
      const nowMs = this.#clock.monotonicMs()
      if (current && nowMs - readAtMs < stateMaxAgeMs) return current
      readAtMs = nowMs
      // An error is kept as long as a value would be: a log that is down is not asked more often.
      current = withDeadline(this.#clock, readTimeoutMs, read())
      return current
    }
  }
}

type Cached<T> = () => Promise<T>

function parseStatuses(values: ReadonlyMap<ShardId, string>): ReadonlyMap<ShardId, ShardStatus> {
  const statuses = new Map<ShardId, ShardStatus>()
  for (const [shard, value] of values) {
    const status = parseStatus(value)
    if (status) statuses.set(shard, status)
  }
  return statuses
}

function secondsUntil({ status, reason }: ReportedShard, end: Offset): number | null {
  const messages = end - status.position.offset
  if (messages <= 0) return 0
  const { statementsPerSecond, statementRate, messagesPerStatement } = status
  const pace = paces[reason]
  if (pace === 'unknown') return null
  // Without a limit, or below it, what MySQL bore of late is the best guess.
  const limited = pace === 'limit' && statementsPerSecond !== null
  const rate = limited ? statementsPerSecond : statementRate
  const seconds = messages / messagesPerStatement / rate
  return Number.isFinite(seconds) ? Math.ceil(seconds) : null
}

/** What a shard's speed will be, by what it does now. */
const paces: Readonly<Record<ShownReason, 'limit' | 'recent' | 'unknown'>> = {
  idle: 'limit',
  limited: 'limit',
  starting: 'limit',
  applying: 'recent',
  tripped: 'unknown',
  worker_full: 'recent',
  backing_off: 'unknown',
  stopped: 'unknown',
  silent: 'unknown',
}
