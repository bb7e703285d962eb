import type { Cancel, CancelledJobs } from '../core/cancel.ts'
import { cancelKey } from '../core/cancel.ts'
import {
  behind,
  comparePositions,
  type Offset,
  offset,
  type Position,
  type ShardId,
  startOf,
} from '../core/position.ts'
import type { Receipt } from '../core/receipt.ts'
import type { ApiOptions } from './api-options.ts'
import type { KnownCancels } from './cancelled.ts'
import type { JobReader } from './job-reader.ts'
import { isOver, type JobView } from './job-view.ts'
import type { ApiLimits } from './limits.ts'
import { Problem } from './problem.ts'
import type { BoardView, ShardBoard } from './shard-board.ts'

/** Workers tell within milliseconds how far they have read; one that stands still reads first. */
const confirmEveryMs = 50

/**
 * `POST /v1/jobs/{receipt}/cancel`: what is applied stays applied, and nothing more of the job is.
 * Of a job that is over, or cancelled already, nothing changes.
 */
export function createCancel(
  options: ApiOptions,
  limits: ApiLimits,
  board: ShardBoard,
  cancels: KnownCancels,
) {
  const { log, clock } = options

  /** Without a reader, as where the API can't read the shards, there is no view to answer with. */
  return async (receipt: Receipt, reader: JobReader | undefined): Promise<JobView | undefined> => {
    const before = await read(receipt, reader)
    // Another log's offsets mean nothing here: its job is shown for what is known of it.
    if (before && receipt.logId !== log.logId) return before
    const cancelled = await readCancels()
    if (before && isOver(before) && !cancelled.get(receipt.job)) return before
    const endMs = clock.monotonicMs() + limits.cancelWaitMs
    const end = await put(receipt, cancelled)
    const isConfirmed = await isConfirmedBefore(endMs, receipt, end)
    const view = await readExactly(receipt, reader, endMs)
    // A window that was begun before may still end, and take back some of what is called cancelled.
    return view && (isConfirmed ? view : { ...view, estimated: true })
  }

  async function isConfirmedBefore(endMs: number, receipt: Receipt, end: Offset): Promise<boolean> {
    for (;;) {
      if (isKnownToWorkers(receipt, end, await board.look())) return true
      if (clock.monotonicMs() >= endMs) return false
      await clock.sleep(confirmEveryMs)
    }
  }

  async function readCancels(): Promise<CancelledJobs> {
    try {
      return await cancels.read()
    } catch (error) {
      throw unavailable(error, 'none')
    }
  }

  /** Resolves with the end that a worker must have read to. */
  async function put(receipt: Receipt, cancelled: CancelledJobs): Promise<Offset> {
    const known = cancelled.get(receipt.job)
    const cancel = cancelOf(receipt, known, await board.look())
    if (known && JSON.stringify(cancel) === JSON.stringify(known)) return cancels.next
    if (!known && cancelled.size >= limits.cancelledJobs) throw tooMany(cancelled.size)
    try {
      return await log.control.put(cancelKey(receipt.job), JSON.stringify(cancel))
    } catch (error) {
      throw unavailable(error, 'unknown')
    }
  }

  function unavailable(cause: unknown, outcome: 'none' | 'unknown'): Problem {
    options.reportError('POST /v1/jobs/:receipt/cancel', cause)
    const detail =
      outcome === 'none'
        ? 'The log does not answer. The job goes on: cancel it again.'
        : 'The log did not confirm that the job is cancelled: it may be, or go on. Cancel it again, which changes nothing where it is.'
    const headers = { 'retry-after': '5' }
    return new Problem('log-unavailable', detail, { cause, extensions: { outcome }, headers })
  }

  /** What a shard has in the works moves on soon, and then the numbers are exact. */
  async function readExactly(
    receipt: Receipt,
    reader: JobReader | undefined,
    endMs: number,
  ): Promise<JobView | undefined> {
    for (;;) {
      const view = await read(receipt, reader)
      if (!view?.estimated || clock.monotonicMs() >= endMs) return view
      await clock.sleep(confirmEveryMs)
    }
  }
}

async function read(receipt: Receipt, reader: JobReader | undefined): Promise<JobView | undefined> {
  return (await reader?.read([receipt]))?.[0]
}

/**
 * Where workers say that its shards stand, or stood a moment ago, what lies before is applied. A job
 * that was sent twice under one key has two receipts: it ends where the later one does. Where the
 * shard is past what was cancelled before, what came since is a stretch of its own.
 */
function cancelOf(receipt: Receipt, known: Cancel | undefined, board: BoardView): Cancel {
  const { job, tenant, logId } = receipt
  const stretches = [...(known?.stretches ?? [])]
  for (const { shard, last } of receipt.shards) {
    const at = stretches.findLastIndex((stretch) => stretch.shard === shard)
    const newest = stretches[at]
    if (newest && newest.last >= last) continue
    const stands = standsAt(board, shard, logId)
    const isPast = newest === undefined || comparePositions(stands, behind(newest.last)) >= 0
    if (isPast) stretches.push({ shard, from: stands, last })
    else stretches[at] = { ...newest, last }
  }
  return { version: 1, job, tenant, logId, stretches }
}

function standsAt(board: BoardView, shard: ShardId, logId: string): Position {
  const status = board.shard(shard)?.status
  return status?.logId === logId ? status.position : startOf(offset(0))
}

/** Whether every worker decides by the cancel already, or has nothing of the job left. */
function isKnownToWorkers({ logId, shards }: Receipt, end: Offset, board: BoardView): boolean {
  return shards.every(({ shard, last }) => {
    const status = board.shard(shard)?.status
    if (status?.logId !== logId) return false
    return (status.controlOffset ?? -1) >= end || status.position.offset > last
  })
}

function tooMany(most: number): Problem {
  return new Problem(
    'overloaded',
    `${most} cancelled jobs are kept in mind already, each until the log no longer holds it. Nothing changed: ask again once it was trimmed past some of them.`,
    { extensions: { outcome: 'none' }, headers: { 'retry-after': '60' } },
  )
}
