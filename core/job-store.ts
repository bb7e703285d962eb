import type { JsonValue } from './operation.ts'
import type { Position, ShardId } from './position.ts'

/** The API's way into the shards: what became of a job. Reads only. */
export interface JobStore {
  /** Position and counts of one shard, for several jobs, from one snapshot (one SELECT). */
  progress(shard: ShardId, jobs: readonly string[]): Promise<ShardProgress>
  /** A job's failures on one shard in the order of operations, `limit` at most, after `after`. */
  failures(
    shard: ShardId,
    job: string,
    after: number,
    limit: number,
  ): Promise<readonly JobFailure[]>
  close(): Promise<void>
}

export interface ShardProgress {
  readonly logId: string
  readonly position: Position
  readonly jobs: ReadonlyMap<string, JobCounts>
}

/** What is not counted here and lies behind the position is applied. */
export interface JobCounts {
  readonly failed: number
  readonly superseded: number
  readonly cancelled: number
}

export interface JobFailure {
  readonly index: number
  readonly type: string
  readonly op: string
  readonly object: JsonValue
  /** The amounts of an increment; absent in what an earlier version recorded. */
  readonly by?: JsonValue
  readonly code: string
  readonly message: string
}
