import type { Clock } from '../core/clock.ts'
import type { NewDigest } from '../core/digest.ts'
import type { JobStore } from '../core/job-store.ts'
import type { Log } from '../core/log.ts'
import type { Checksum } from '../core/message.ts'
import type { ObjectType } from '../core/object-type.ts'
import type { MessageLimits } from '../core/shard-batching.ts'
import type { Authenticate } from './auth.ts'
import type { ApiLimits } from './limits.ts'
import type { Receipts } from './receipts.ts'

/** What the API is made of. */
export interface ApiOptions {
  readonly types: ReadonlyMap<string, ObjectType>
  readonly log: Log
  /** The log's name in traces, as OpenTelemetry's messaging systems are named: `kafka`. */
  readonly logSystem: string
  /** Absent where the API has no credentials of the shards: then it can't tell jobs' results. */
  readonly jobs?: JobStore
  readonly receipts: Receipts
  readonly authenticate: Authenticate
  readonly clock: Clock
  readonly checksum: Checksum
  readonly newDigest: NewDigest
  newJobId(): string
  /** Where NDJSON requests wait until their last line is valid; made when the first one comes. */
  readonly spoolFolder: string
  readonly limits?: Partial<ApiLimits>
  readonly messageLimits?: MessageLimits
  /** Shown by /healthz. */
  readonly version: string
  /** Told of each unexpected error, once. `where` names the route or the shard. */
  reportError(where: string, error: unknown): void
}
