import type { JobCounts } from '../core/job-store.ts'
import type { Position } from '../core/position.ts'
import { behind, comparePositions, startOf } from '../core/position.ts'
import type { ReceiptShard } from '../core/receipt.ts'

export type JobState = 'queued' | 'running' | 'done' | 'done_with_failures' | 'cancelled'

/** What became of some operations; the numbers add up to how many they are. */
export interface JobNumbers {
  readonly applied: number
  readonly superseded: number
  readonly cancelled: number
  readonly failed: number
  readonly pending: number
}

export interface ShardNumbers extends JobNumbers {
  /** Whether `applied` and `pending` are in proportion only: the shard is amid the job's messages. */
  readonly estimated: boolean
}

const none: JobCounts = { failed: 0, superseded: 0, cancelled: 0 }

/**
 * How far one shard is with a job. Exact before its first message, behind its last, and within a
 * job of one message; in between the log's offsets tell the proportion, since messages of other
 * jobs may lie between.
 */
export function shardNumbers(
  part: ReceiptShard,
  position: Position,
  counts: JobCounts = none,
): ShardNumbers {
  const { failed, superseded, cancelled } = counts
  const { settled, estimated } = settledOperations(part, position)
  // What is counted by name is settled: an estimate may be below it, and what an operator skipped
  // and repeated counts twice.
  const named = failed + superseded + cancelled
  const known = Math.min(part.operations, Math.max(settled, named))
  return {
    applied: Math.max(0, known - named),
    superseded,
    cancelled,
    failed,
    pending: part.operations - known,
    estimated,
  }
}

export function cancelPending(numbers: JobNumbers): JobNumbers {
  const { cancelled, pending } = numbers
  return { ...numbers, cancelled: cancelled + pending, pending: 0 }
}

function settledOperations(
  { first, last, operations }: ReceiptShard,
  position: Position,
): { settled: number; estimated: boolean } {
  if (comparePositions(position, startOf(first)) <= 0) return { settled: 0, estimated: false }
  if (comparePositions(position, behind(last)) >= 0)
    return { settled: operations, estimated: false }
  if (first === last) {
    return { settled: Math.min(position.operation, operations), estimated: false }
  }
  const proportion = (position.offset - first) / (last + 1 - first)
  // The last message is not settled, so at least one operation is not.
  const settled = Math.min(Math.floor(operations * proportion), operations - 1)
  return { settled, estimated: true }
}

/** The sum over a job's shards. */
export function addNumbers(numbers: Iterable<JobNumbers>): JobNumbers {
  const sum = { applied: 0, superseded: 0, cancelled: 0, failed: 0, pending: 0 }
  for (const { applied, superseded, cancelled, failed, pending } of numbers) {
    sum.applied += applied
    sum.superseded += superseded
    sum.cancelled += cancelled
    sum.failed += failed
    sum.pending += pending
  }
  return sum
}

/** A job is over only once every operation is known to be; `unknown` counts those on unread shards. */
export function jobState(numbers: JobNumbers, unknown: number): JobState {
  const { applied, superseded, cancelled, failed, pending } = numbers
  const settled = applied + superseded + cancelled + failed
  if (unknown > 0) return 'running'
  if (pending > 0) return settled === 0 ? 'queued' : 'running'
  if (cancelled > 0) return 'cancelled'
  return failed > 0 ? 'done_with_failures' : 'done'
}
