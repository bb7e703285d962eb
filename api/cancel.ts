import type { Cancel, CancelledJobs } from '../core/cancel.ts'
import { cancelKey } from '../core/cancel.ts'
import type { Offset } from '../core/position.ts'
import type { Receipt } from '../core/receipt.ts'
import type { ApiOptions } from './api-options.ts'
import type { KnownCancels } from './cancelled.ts'
import type { JobReader } from './job-reader.ts'
import type { JobView } from './job-view.ts'
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
    const known = (await readCancels()).get(receipt.job)
    if (before && isOver(before) && !known) return before
    const endMs = clock.monotonicMs() + limits.cancelWaitMs
    const end = await put(receipt, known)
    while (!isKnownToWorkers(receipt, end, await board.look()) && clock.monotonicMs() < endMs) {
      await clock.sleep(confirmEveryMs)
    }
    return await readExactly(receipt, reader, endMs)
  }

  async function readCancels(): Promise<CancelledJobs> {
    try {
      return await cancels.read()
    } catch (error) {
      throw unavailable(error, 'none')
    }
  }

  /** Resolves with the end that a worker must have read to. */
  async function put(receipt: Receipt, known: Cancel | undefined): Promise<Offset> {
    const cancel = cancelOf(receipt, known)
    if (known && JSON.stringify(cancel.ends) === JSON.stringify(known.ends)) return cancels.next
    const { size } = await readCancels()
    if (size >= limits.cancelledJobs) throw tooMany(size)
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

/** Whether nothing of a job is left to apply. */
export function isOver({ pending, unknown }: JobView): boolean {
  return pending === 0 && unknown === undefined
}

/** A job that was sent twice under one key has two receipts: it ends where the later one does. */
function cancelOf({ job, tenant, logId, shards }: Receipt, known: Cancel | undefined): Cancel {
  const ends = new Map(known?.ends)
  for (const { shard, last } of shards) ends.set(shard, Math.max(last, ends.get(shard) ?? -1))
  return { version: 1, job, tenant, logId, ends: [...ends] }
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
    `${most} cancelled jobs are kept in mind already. Nothing changed: ask again once shards are past some of them.`,
    { extensions: { outcome: 'none' }, headers: { 'retry-after': '60' } },
  )
}
