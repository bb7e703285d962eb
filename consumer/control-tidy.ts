import type { Cancel, CancelledJobs } from '../core/cancel.ts'
import { cancelKey } from '../core/cancel.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Offset, ShardId } from '../core/position.ts'

const tidyEveryMs = 600_000
/** Removed in one round, at most. */
const mostRemoved = 1000

export interface ControlTidyOptions {
  readonly log: Log
  readonly clock: Clock
  readonly cancelled: CancelledJobs
  /** Whether this worker runs a shard: the job's first shard decides whose work it is. */
  readonly runs: (shard: ShardId) => boolean
}

/**
 * Now and then removes cancels of jobs that the log holds no more. Those that all shards are past stay
 * until then: a restored database replays what the log holds, and cancelled must stay cancelled.
 */
export async function tidyControl(options: ControlTidyOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await options.clock.sleep(tidyEveryMs, signal)
    // A log that is away is asked again in the next round.
    if (!signal.aborted) await removeTrimmed(options, signal).catch(() => {})
  }
}

async function removeTrimmed(
  { log, cancelled, runs }: ControlTidyOptions,
  signal: AbortSignal,
): Promise<void> {
  const earliest = new Map<ShardId, Offset>()
  const isTrimmed = async ({ stretches }: Cancel): Promise<boolean> => {
    for (const { shard, last } of stretches) {
      if (!earliest.has(shard)) earliest.set(shard, (await log.bounds(shard)).earliest)
      if (earliest.get(shard)! <= last) return false
    }
    return true
  }
  let removed = 0
  for (const cancel of [...cancelled.all]) {
    if (signal.aborted) return
    const [first] = cancel.stretches
    if (first && !runs(first.shard)) continue
    if (!(await isTrimmed(cancel))) continue
    // The job may have come again under its key, and be cancelled again.
    if (cancelled.get(cancel.job) !== cancel) continue
    await log.control.put(cancelKey(cancel.job), undefined)
    if (++removed === mostRemoved) return
  }
}
