import type { UndecodableMessage } from '../core/failure.ts'
import type { Plan, PlanLimits } from '../core/plan.ts'
import { planWindow } from '../core/plan.ts'
import type { Position } from '../core/position.ts'
import { offset } from '../core/position.ts'
import type { WindowRecords } from '../core/shard-store.ts'
import type { AppliedWindow } from './apply.ts'
import type { Inbox } from './inbox.ts'

/** What one transaction settles: where the shard stands before it and after it. */
export interface Window {
  readonly from: Position
  readonly to: Position
  readonly plan: Plan
  readonly undecodable: readonly UndecodableMessage[]
}

/** Takes the next window out of the inbox; undefined if nothing is held. */
export function cutWindow(inbox: Inbox, from: Position, limits: PlanLimits): Window | undefined {
  const { undecodable } = inbox
  if (undecodable) {
    inbox.passUndecodable()
    const to = { offset: offset(undecodable.offset + 1), operation: 0 }
    return { from, to, plan: planWindow([]), undecodable: [undecodable] }
  }
  if (inbox.sources.length === 0) return undefined
  const plan = planWindow(inbox.sources, limits)
  inbox.take(plan.sources.length)
  return { from, to: plan.sources.at(-1)!.end, plan, undecodable: [] }
}

/** Rows that the window's statements carry: an object counts in each table that it is written to. */
export function rowsOf({ plan }: Window): number {
  return plan.statements.reduce((rows, statement) => rows + statement.rows.length, 0)
}

/** What the window's transaction records besides its rows. */
export function recordsOf(window: Window, applied: AppliedWindow): WindowRecords {
  const superseded = new Map<string, number>()
  for (const { origin } of applied.superseded) {
    superseded.set(origin.job, (superseded.get(origin.job) ?? 0) + 1)
  }
  return { failed: applied.failed, undecodable: window.undecodable, superseded }
}
