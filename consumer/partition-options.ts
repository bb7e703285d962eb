import type { Alerts } from '../core/alerts.ts'
import type { Clock } from '../core/clock.ts'
import type { FailureCredit } from '../core/failure-credit.ts'
import type { Log, Membership } from '../core/log.ts'
import type { Checksum } from '../core/message.ts'
import type { ObjectType } from '../core/object-type.ts'
import type { WorkerControl } from './control.ts'
import type { ShardReport } from './shard-report.ts'
import type { ShardRates } from './throttle.ts'
import type { WindowSlots } from './window-slots.ts'

export interface PartitionLimits {
  /** Messages pulled ahead. */
  readonly pullSize: number
  readonly maxWindowStatements: number
  /** Statements that isolating bad rows may take in one transaction. */
  readonly maxIsolationStatements: number
  /** How long a shard is left alone after two timeouts in a row. */
  readonly breakerWaitMs: number
  /** How long a partition waits when the worker applies as many windows as it may. */
  readonly fullWorkerBackOffMs: number
}

export interface PartitionOptions {
  readonly log: Log
  readonly membership: Membership
  readonly types: ReadonlyMap<string, ObjectType>
  readonly checksum: Checksum
  readonly clock: Clock
  readonly rates: ShardRates
  readonly limits: PartitionLimits
  readonly slots: WindowSlots
  readonly control: WorkerControl
  readonly report: ShardReport
  readonly alerts: Alerts
  /** Tells whoever looks after the worker of a mistake in it, with its stack. */
  reportError(where: string, error: unknown): void
  /** Outlives claims: a shard that stopped must not begin with fresh credit each time it looks. */
  readonly credit: FailureCredit
}
