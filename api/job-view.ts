import type { CancelledJobs } from '../core/cancel.ts'
import type { ShardProgress } from '../core/job-store.ts'
import type { ShardId } from '../core/position.ts'
import { behind } from '../core/position.ts'
import type { Receipt, ReceiptShard } from '../core/receipt.ts'
import type { JobNumbers, JobState } from './job-progress.ts'
import { addNumbers, cancelPending, jobState, shardNumbers } from './job-progress.ts'
import type { BoardView, ShownReason } from './shard-board.ts'

/** What a shard said of some jobs, or why it said nothing. */
export type ShardRead = { readonly progress: ShardProgress } | { readonly error: string }

/** What `GET /v1/jobs/{receipt}` answers. The numbers of operations add up to `accepted`. */
export interface JobView extends JobNumbers {
  readonly job: string
  readonly state: JobState
  /** The job whose failed operations this one sends again. */
  readonly retryOf?: string
  readonly acceptedAt: string
  readonly accepted: number
  /** Operations on shards that could not be read, where there are any. */
  readonly unknown?: number
  /**
   * Whether some shard is amid the job, so that `applied` and `pending` are in proportion, or not all
   * workers have confirmed a cancel yet.
   */
  readonly estimated?: true
  /** Until all is settled, by the shards' present speed; null if unknown. */
  readonly estimatedSeconds: number | null
  readonly shards: readonly JobShardView[]
}

export type JobShardView = JobShard & (SettledShard | UnreadShard)

interface JobShard {
  readonly shard: ShardId
  readonly accepted: number
  /** What the shard does now, whatever it does for this job. */
  readonly reason: ShownReason
  readonly detail?: string
}

interface SettledShard extends JobNumbers {
  readonly estimated?: true
  readonly estimatedSeconds: number | null
}

interface UnreadShard {
  readonly error: string
}

function isRead(shard: JobShardView): shard is JobShard & SettledShard {
  return !('error' in shard)
}

export function viewJob(
  receipt: Receipt,
  reads: ReadonlyMap<ShardId, ShardRead>,
  board: BoardView,
  cancelled: CancelledJobs,
): JobView {
  const shards = receipt.shards.map((part): JobShardView => {
    const { shard, operations } = part
    const reported = board.shard(shard)
    return {
      shard,
      accepted: operations,
      reason: reported?.reason ?? 'silent',
      ...(reported?.detail !== undefined && { detail: reported.detail }),
      ...settledShard(receipt, part, reads.get(shard)!, board, cancelled),
    }
  })
  const settled = shards.filter(isRead)
  const numbers = addNumbers(settled)
  const accepted = countAccepted(shards)
  const unknown = accepted - countAccepted(settled)
  return {
    job: receipt.job,
    ...(receipt.retryOf !== undefined && { retryOf: receipt.retryOf }),
    state: jobState(numbers, unknown),
    acceptedAt: new Date(receipt.acceptedAtMs).toISOString(),
    accepted,
    ...numbers,
    ...(unknown > 0 && { unknown }),
    ...(settled.some(({ estimated }) => estimated) && { estimated: true }),
    estimatedSeconds: unknown > 0 ? null : slowest(settled),
    shards,
  }
}

function settledShard(
  receipt: Receipt,
  part: ReceiptShard,
  read: ShardRead,
  board: BoardView,
  cancelled: CancelledJobs,
): SettledShard | UnreadShard {
  if ('error' in read) return read
  const { logId, position, jobs } = read.progress
  if (logId !== receipt.logId) {
    return { error: otherLog(receipt.logId, logId) }
  }
  const { estimated, ...counted } = shardNumbers(part, position, jobs.get(receipt.job))
  const end = behind(part.last)
  // What waits of a cancelled job is cancelled already, before its shard comes to it.
  const isCancelled = cancelled.covers(receipt.job, part.shard, end)
  const numbers = isCancelled ? cancelPending(counted) : counted
  const estimatedSeconds = numbers.pending === 0 ? 0 : board.secondsUntil(part.shard, end.offset)
  return { ...numbers, ...(estimated && { estimated }), estimatedSeconds }
}

/** Whether nothing of a job is left to apply. */
export function isOver({ pending, unknown }: JobView): boolean {
  return pending === 0 && unknown === undefined
}

function countAccepted(shards: readonly JobShard[]): number {
  return shards.reduce((sum, { accepted }) => sum + accepted, 0)
}

function slowest(shards: readonly SettledShard[]): number | null {
  let seconds = 0
  for (const { estimatedSeconds } of shards) {
    if (estimatedSeconds === null) return null
    seconds = Math.max(seconds, estimatedSeconds)
  }
  return seconds
}

/** Why a shard can't tell of a job. */
export function otherLog(written: string, followed: string): string {
  return `this job was written to the log ${written}, the shard follows ${followed} since: how far the job came is not known`
}
