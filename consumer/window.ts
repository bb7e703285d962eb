import type { Clock } from '../core/clock.ts'
import type { FailedOperation, RowFailure, UndecodableMessage } from '../core/failure.ts'
import { WindowOutcomes } from '../core/failure-credit.ts'
import type { Plan, PlanLimits } from '../core/plan.ts'
import { noPlanLimits, planWindow, WindowPlanner } from '../core/plan.ts'
import type { Position } from '../core/position.ts'
import { behind, offset } from '../core/position.ts'
import type { RequestChanges } from '../core/request-blocks.ts'
import type { WindowRecords } from '../core/shard-store.ts'
import type { Origin, Source } from '../core/source.ts'
import type { AppliedWindow } from './apply.ts'
import type { Inbox } from './inbox.ts'

/** What one transaction settles: where the shard stands before it and after it. */
export interface Window {
  readonly from: Position
  readonly to: Position
  readonly plan: Plan
  readonly undecodable: readonly UndecodableMessage[]
  /** Operations in front of the plan's that fail if those apply. */
  readonly rejected: readonly FailedOperation[]
  /** Operations of cancelled jobs, anywhere among the plan's. */
  readonly cancelled: readonly Source[]
}

/** What of a window runs, as its transaction found out. */
export interface AdmittedWindow extends Window {
  /** Operations that another copy of their request settled. */
  readonly duplicates: readonly Source[]
  /** Operations whose job begins anew further on in the window: only what it does then counts. */
  readonly outdated: ReadonlySet<Source>
  /** Undefined for a window without keyed requests. */
  readonly requests: RequestChanges | undefined
}

/** Whether an operation's job goes no further. */
export type IsCancelled = (source: Source) => boolean

/** How many operations a window leaves out, and why. */
export interface Suspects {
  readonly count: number
  readonly failure: RowFailure
  /** The type of an operation in front of them that shows already that others apply. */
  readonly provenType: string | undefined
}

/** Operations behind the suspects among which one of their type is looked for. */
const witnessReach = 20

/**
 * Takes the next window out of the inbox; undefined if nothing is held. What is cancelled is part of
 * it and needs no statement. Throws `UnknownContent`, or a `LogError` where a message is missing, once
 * everything in front is taken.
 */
export async function cutWindow(
  inbox: Inbox,
  from: Position,
  limits: PlanLimits,
  isCancelled: IsCancelled,
  clock: Pick<Clock, 'turn'>,
): Promise<Window | undefined> {
  const planner = new WindowPlanner(limits)
  const cancelled: Source[] = []
  const jobs = new Set<string>()
  const retried = new Set<string>()
  let last: Source | undefined
  for (let head = inbox.head(); head; head = inbox.head()) {
    if (head.kind !== 'sources') {
      if (last) break
      if (head.kind === 'blocked') throw head.error
      inbox.pass()
      return windowOfUndecodable(from, head.message)
    }
    const { sources } = head
    // A retry asks the database which failures it sends again, so it shares no window with their job,
    // which would record or clear them only after. They meet where a restored shard replays both.
    const { job, retryOf } = sources[0]!.origin
    if ((retryOf !== undefined && jobs.has(retryOf)) || retried.has(job)) break
    jobs.add(job)
    if (retryOf !== undefined) retried.add(retryOf)
    let taken = 0
    for (const source of sources) {
      if (isCancelled(source)) cancelled.push(source)
      else if (!planner.add(source)) break
      last = source
      taken++
    }
    inbox.take(taken)
    if (taken < sources.length) break
    // A window's worth takes tens of milliseconds, and MySQL must not wait for its next statement.
    await clock.turn()
  }
  if (!last) return undefined
  return { from, to: last.end, plan: planner.plan(), undecodable: [], rejected: [], cancelled }
}

/**
 * Takes a window that leaves its first operations out, and has what is behind them, up to one of each
 * of their types if it is near; undefined if nothing is there and nothing is proven without, or if one
 * of them is cancelled meanwhile.
 */
export function cutWithout(
  inbox: Inbox,
  from: Position,
  limits: PlanLimits,
  isCancelled: IsCancelled,
  { count, failure, provenType }: Suspects,
): Window | undefined {
  const held = inbox.peek(count + witnessReach)
  const suspects = held.slice(0, count)
  const next = held.slice(count)
  const retryAt = next.findIndex(({ origin }, i) => isRetryOf(origin, held.slice(0, count + i)))
  const others = witnesses(retryAt < 0 ? next : next.slice(0, retryAt), suspects)
  // That they are sent again tells that they failed before: a restored shard meets them anew.
  const isProven = retryAt === 0 || suspects.every(({ type }) => type.name === provenType)
  if (suspects.length < count || (others.length === 0 && !isProven)) return undefined
  const taken = [...suspects, ...others]
  if (taken.some(isCancelled)) return undefined
  inbox.drop(taken.length)
  const rejected = suspects.map((source) => ({ source, failure }))
  const plan = planWindow(others, { ...limits, ...noPlanLimits })
  return { from, to: taken.at(-1)!.end, plan, undecodable: [], rejected, cancelled: [] }
}

/** What shows whether others apply: an error that a table has for all says nothing of another one. */
function witnesses(next: readonly Source[], suspects: readonly Source[]): readonly Source[] {
  const missing = new Set(suspects.map(({ type }) => type))
  const last = next.findIndex(({ type }) => missing.delete(type) && missing.size === 0)
  return next.slice(0, last < 0 ? 1 : last + 1)
}

function isRetryOf({ retryOf }: Origin, earlier: readonly Source[]): boolean {
  return retryOf !== undefined && earlier.some(({ origin }) => origin.job === retryOf)
}

function windowOfUndecodable(from: Position, message: UndecodableMessage): Window {
  const to = behind(offset(message.offset))
  return { from, to, plan: planWindow([]), undecodable: [message], rejected: [], cancelled: [] }
}

/** Rows that the window's statements carry: an object counts in each table that it is written to. */
export function rowsOf({ plan }: Window): number {
  return plan.statements.reduce((rows, statement) => rows + statement.rows.length, 0)
}

/** Operations that the window settles, run or not. */
export function operationsOf({ plan, rejected, cancelled, duplicates }: AdmittedWindow): number {
  return plan.sources.length + rejected.length + cancelled.length + duplicates.length
}

/** What a window did, for the jobs' credit. */
export function outcomesOf(window: Window, applied: AppliedWindow): WindowOutcomes {
  const rejected = window.rejected.map(({ source }) => source)
  return new WindowOutcomes([...rejected, ...window.plan.sources], failedIn(window, applied))
}

function failedIn({ rejected }: Window, { failed }: AppliedWindow): readonly FailedOperation[] {
  return rejected.length > 0 ? [...rejected, ...failed] : failed
}

/** What the window's transaction records besides its rows. */
export function recordsOf(window: AdmittedWindow, applied: AppliedWindow): WindowRecords {
  const { undecodable, cancelled, outdated, requests } = window
  const isCurrent = (source: Source) => !outdated.has(source)
  return {
    failed: failedIn(window, applied).filter(({ source }) => isCurrent(source)),
    undecodable,
    superseded: countByJob(applied.superseded.filter(isCurrent)),
    cancelled: countByJob(cancelled.filter(isCurrent)),
    ...(requests && { requests }),
  }
}

function countByJob(sources: readonly Source[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { origin } of sources) counts.set(origin.job, (counts.get(origin.job) ?? 0) + 1)
  return counts
}
