import type { Headroom } from './log.ts'
import type { Offset, Position } from './position.ts'

/** Why a shard moves as it does: what an operator reads first. */
export type ShardReason =
  | 'idle'
  /** The rate limit decides. */
  | 'limited'
  /** MySQL decides: no limit is set, or it is above what the shard bears. */
  | 'applying'
  /** The worker applies as many windows at once as it may. */
  | 'worker_full'
  /** Two timeouts in a row: waiting, then one small window probes. */
  | 'tripped'
  /** MySQL has no room or is away: waiting to try again. */
  | 'backing_off'
  /** Stopped until somebody acts; `detail` says why. */
  | 'stopped'
  /** Claiming the shard. */
  | 'starting'

/** A shard's state as its worker publishes it about once a second. JSON in the status topic. */
export interface ShardStatus {
  readonly version: 1
  readonly shard: number
  /** Grows with each claim of the shard; readers ignore what a lower claim says. */
  readonly claim: number
  readonly owner: string
  readonly logId: string
  readonly position: Position
  readonly reason: ShardReason
  readonly detail?: string
  /** The limit in force, in statements per second; null is none. */
  readonly statementsPerSecond: number | null
  /** Statements per second over about the last ten seconds. */
  readonly statementRate: number
  /** Operations settled per second over about the last ten seconds. */
  readonly operationRate: number
  /** Messages that one statement settles, on average of late; it turns a backlog into a time. */
  readonly messagesPerStatement: number
  /** How much more the log takes, as the worker last saw; absent where nobody tells. */
  readonly headroom?: Headroom
  /** Why the log could not be trimmed behind the shard when that was last tried. */
  readonly trimProblem?: string
  /**
   * How far the worker had read the control topic when it decided what runs now and from now on;
   * absent where an earlier version reports.
   */
  readonly controlOffset?: Offset
  readonly updatedAtMs: number
}

/** Undefined for what a later version wrote, or nobody knows: then the shard is unreported. */
export function parseStatus(value: string): ShardStatus | undefined {
  try {
    const status: ShardStatus | null = JSON.parse(value)
    return status?.version === 1 ? status : undefined
  } catch {
    return undefined
  }
}
