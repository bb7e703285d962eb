import type { Log } from '../core/log.ts'
import type { ShardId } from '../core/position.ts'
import type { ShardSession, ShardStore } from '../core/shard-store.ts'

export interface ClaimOptions {
  readonly log: Log
  readonly store: ShardStore
  /** Names this worker for people. */
  readonly owner: string
  /** A random text, new at each call. */
  newEpoch(): string
}

/**
 * Makes this worker the shard's only writer, if the log is there: nobody holds a shard for a log that
 * is gone, and whoever adopts another finds it free. Rejects with a `LogError` or a `StoreError`.
 */
export async function claimShard(shard: ShardId, options: ClaimOptions): Promise<ShardSession> {
  const { log, store, owner, newEpoch } = options
  await log.ping()
  const { topic, logId } = log
  return store.claim(shard, { topic, logId, epoch: newEpoch(), owner })
}
