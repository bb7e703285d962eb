import type { Position, ShardId } from './position.ts'

/**
 * What a client holds of its job: everything needed to find out how far it is, so that no store of
 * jobs exists. It is signed by the API.
 */
export interface Receipt {
  readonly job: string
  readonly tenant: string
  readonly logId: string
  readonly acceptedAtMs: number
  /** The job whose failed operations this one sends again. */
  readonly retryOf?: string
  readonly shards: readonly ReceiptShard[]
}

export interface ReceiptShard {
  readonly shard: ShardId
  /** Offsets of the job's first and last message on this shard. */
  readonly first: Position['offset']
  readonly last: Position['offset']
  readonly operations: number
}
