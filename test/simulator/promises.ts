import { isDeepStrictEqual } from 'node:util'
import { keyLifetimeMs } from '../../core/keyed-request.ts'
import type { ShardId } from '../../core/position.ts'
import { comparePositions, type Position } from '../../core/position.ts'
import type { ModelTables } from '../support/model-tables.ts'
import { OneByOne } from './one-by-one.ts'
import type { Entry, SentLog, SentOperation } from './sent-log.ts'
import type { ServerSession } from './server-session.ts'
import { positionOf, type ShardState } from './shard-state.ts'
import type { World } from './world.ts'

/** What a state of a shard must hold. */
interface Expected {
  readonly shard: OneByOne
  /** Where the operations stand that count as cancelled. */
  readonly cancelledAt: ReadonlySet<string>
}

/** A job that was cancelled: from where to which message, and whether the workers know, as they said. */
interface CancelledJob {
  readonly from: Position
  readonly last: number
  isConfirmed: boolean
}

/** What must hold whatever goes wrong, looked at with each COMMIT and at the end. */
export class Promises {
  readonly #world: World
  readonly #log: SentLog
  readonly #logId: string
  readonly #empty: ModelTables
  readonly #expected = new WeakMap<ShardState, Expected>()
  readonly #cancelled = new Map<string, CancelledJob>()

  constructor(world: World, log: SentLog, logId: string, empty: ModelTables) {
    this.#world = world
    this.#log = log
    this.#logId = logId
    this.#empty = empty
  }

  cancelAsked(job: string, from: Position, last: number): void {
    this.#cancelled.set(job, { from, last, isConfirmed: false })
  }

  /** From here on nothing more of the job may be applied. */
  cancelConfirmed(job: string): void {
    this.#cancelled.get(job)!.isConfirmed = true
  }

  /** A transaction is the next stretch of the log under the shard's own epoch, or moves nothing. */
  checkCommit(session: ServerSession, shard: ShardId, before: ShardState, after: ShardState): void {
    const from = positionOf(before)
    const to = positionOf(after)
    const where = `shard ${shard}, COMMIT from ${show(from)} to ${show(to)}`
    const moved = comparePositions(to, from)
    if (moved < 0) this.#world.fail(`${where}: the position went back`)
    if (moved > 0 && after.offsets.epoch !== session.epoch) {
      const owner = after.offsets.epoch
      this.#world.fail(`${where}: ${session.epoch} moved the position, and ${owner} owns the shard`)
    }
    const entries = moved > 0 ? this.#log.between(shard, from, to) : []
    const expected = this.#after(this.#expectedOf(before), entries, before, after)
    this.#expected.set(after, expected)
    this.#compare(where, after, expected.shard)
  }

  /** The whole log, one operation after the other, is what the shard holds. */
  checkEnd(shard: ShardId, state: ShardState): void {
    const { cancelledAt } = this.#expectedOf(state)
    const isCancelled = ({ at }: SentOperation) => cancelledAt.has(show(at))
    const alone = this.#nothing().after(this.#log.all(shard), isCancelled)
    this.#compare(`shard ${shard} at the end`, state, alone)
  }

  /**
   * Of a job that is cancelled either all operations of a window go no further, or none: a cancel may
   * still be on its way, unless the workers have confirmed it.
   */
  #after(
    expected: Expected,
    entries: readonly Entry[],
    before: ShardState,
    after: ShardState,
  ): Expected {
    const isCounted = (job: string) => countOf(after, job) !== countOf(before, job)
    const told = this.#afterIf(expected, entries, isCounted)
    if (isDeepStrictEqual(told.shard.tables.snapshot(), after.tables.snapshot())) return told
    // A job that began anew in the window counts nothing of what was cancelled before: its rows tell.
    const anew = new Set(entries.filter(beginsAnew).map(({ job }) => job))
    return this.#afterIf(expected, entries, (job) => anew.has(job) || isCounted(job))
  }

  #afterIf(
    expected: Expected,
    entries: readonly Entry[],
    isMore: (job: string) => boolean,
  ): Expected {
    const cancelledAt = new Set(expected.cancelledAt)
    const isCancelled = ({ job, at }: SentOperation) => {
      const cancel = this.#cancelled.get(job)
      // What was applied before it was cancelled stays so, also where a restored shard applies it again.
      if (!cancel || comparePositions(at, cancel.from) < 0 || at.offset > cancel.last) return false
      const isOver = cancel.isConfirmed || isMore(job)
      if (isOver) cancelledAt.add(show(at))
      return isOver
    }
    return { shard: expected.shard.after(entries, isCancelled), cancelledAt }
  }

  #compare(where: string, { tables, records }: ShardState, alone: OneByOne): void {
    this.#demandSame(where, 'rows', tables.snapshot(), alone.tables.snapshot())
    this.#demandSame(where, 'failures', records.failures, alone.failures)
    this.#demandSame(where, 'cancelled operations', records.cancelled, alone.cancelled)
    for (const [job, count] of records.superseded) {
      const most = alone.overwritten.get(job) ?? 0
      if (count <= most) continue
      this.#world.fail(`${where}: ${count} operations of ${job} superseded, at most ${most} were`)
    }
  }

  #demandSame(where: string, what: string, found: object, expected: object): void {
    if (isDeepStrictEqual(found, expected)) return
    const shown = [found, expected].map((value) => JSON.stringify(value, withMaps))
    this.#world.fail(`${where}: ${what} differ\nfound    ${shown[0]}\nexpected ${shown[1]}`)
  }

  #expectedOf(state: ShardState): Expected {
    return this.#expected.get(state) ?? { shard: this.#nothing(), cancelledAt: new Set() }
  }

  #nothing(): OneByOne {
    return new OneByOne(this.#logId, this.#empty)
  }
}

/** Whether an entry is of a keyed request that another one, a day earlier, had before it. */
function beginsAnew(entry: Entry, _: number, entries: readonly Entry[]): entry is SentOperation {
  if (entry.kind !== 'operation' || !entry.keyed) return false
  const { job, keyed } = entry
  return entries.some(
    (earlier) =>
      earlier.kind === 'operation' &&
      earlier.job === job &&
      earlier.keyed !== undefined &&
      keyed.publishedAtMs - earlier.keyed.publishedAtMs >= keyLifetimeMs,
  )
}

function countOf({ records }: ShardState, job: string): number {
  return records.cancelled.get(job) ?? 0
}

function show({ offset, operation }: { readonly offset: number; readonly operation: number }) {
  return `${offset}.${operation}`
}

function withMaps(_: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value
}
