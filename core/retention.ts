import { type Offset, offset } from './position.ts'

/** Where a shard stood at some moment: everything before the offset was applied by then. */
export interface PastPosition {
  /** Grows from note to note, also where the clock is set back. */
  readonly id: number
  readonly atMs: number
  readonly offset: Offset
}

/** A shard's own word on how far it was when. It lies beside the rows, so a restore takes both back. */
export interface PositionHistory {
  /** By the clock that `atMs` are from. */
  readonly nowMs: number
  /** The first message that is not wholly applied. */
  readonly offset: Offset
  /** In the order in which they were noted. */
  readonly past: readonly PastPosition[]
}

export interface RetentionPlan {
  /** Whether to note where the shard stands now. */
  readonly isNoteDue: boolean
  /** The log may drop what lies before; undefined if nothing is old enough. */
  readonly trimBefore: Offset | undefined
  /** Notes before this one tell nothing more. */
  readonly forgetBefore: number | undefined
}

/** Notes per retention: what is applied is kept longer by one part in so many, at most. */
const notesPerRetention = 500

/** How often a shard's position is noted while it moves. */
export function noteIntervalMs(retainMs: number): number {
  return retainMs / notesPerRetention
}

/**
 * What is applied stays in the log for `retainMs` from when it was applied, and what is not applied
 * stays. So a shard whose database is restored to any state that is not older than that finds there
 * all that comes next: the newest note that is old enough says how far everybody had come by then.
 *
 * Notes count in their order, not by their times. Where the clock was set back, what came after has
 * seemingly come before, and is kept longer; once it is old, the notes from the future count no more.
 */
export function planRetention(history: PositionHistory, retainMs: number): RetentionPlan {
  const { nowMs, past } = history
  const isNoteDue = isDue(history, noteIntervalMs(retainMs))
  const newestOld = past.findLastIndex(({ atMs }) => atMs <= nowMs - retainMs)
  if (newestOld < 0) return { isNoteDue, trimBefore: undefined, forgetBefore: undefined }
  // A position that was moved back is kept from too, though a later note is old already.
  const stoodAt = [history, ...past.slice(newestOld)].map((one) => one.offset)
  return { isNoteDue, trimBefore: offset(Math.min(...stoodAt)), forgetBefore: past[newestOld]!.id }
}

function isDue({ nowMs, offset, past }: PositionHistory, everyMs: number): boolean {
  const last = past.at(-1)
  // One that was moved back is there now, and may be beyond the last note before the next is due.
  if (last === undefined || offset < last.offset) return true
  // One that stands still was there already: the older note says more.
  return last.offset !== offset && (nowMs - last.atMs >= everyMs || nowMs < last.atMs)
}

/** Wrong by less than this much of the retention, a clock changes little. */
const toleratedShare = 1 / 20
const toleratedMs = 300_000

/**
 * How far two clocks may differ before nothing is noted or trimmed. One that was set ahead would
 * make everything seem old; two that agree are hardly both wrong.
 */
export function clockToleranceMs(retainMs: number): number {
  return Math.max(toleratedMs, retainMs * toleratedShare)
}
