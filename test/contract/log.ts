import type { Log } from '../../core/log.ts'
import type { ShardId } from '../../core/position.ts'
import { controlCases } from './log-control.ts'
import { faultCases } from './log-faults.ts'
import { memberCases } from './log-members.ts'
import { publishCases } from './log-publish.ts'
import { readCases } from './log-read.ts'
import { statusCases } from './log-status.ts'
import { trimCases } from './log-trim.ts'

/**
 * What a log must do, whichever it is and on whichever runtime. The cases are plain functions, since
 * no one test runner runs on Node, Deno and Bun.
 */
export const logCases: readonly LogCase[] = [
  ...publishCases,
  ...readCases,
  ...trimCases,
  ...memberCases,
  ...statusCases,
  ...controlCases,
  ...faultCases,
]

export interface LogCase {
  readonly name: string
  /** Which kind of log it concerns, if not every one. */
  readonly only?: LogWorld['kind']
  run(world: LogWorld): Promise<void>
}

/** A log of its own for each case, and what may happen to it. */
export interface LogWorld {
  readonly kind: 'embedded' | 'kafka'
  /** Makes the log with `worldPartitions`, or another number of partitions. */
  migrate(partitions?: number): Promise<void>
  /** Another instance each time, closed when the case ends. */
  open(options?: { partitions?: number; publishTimeoutMs?: number }): Promise<Log>
  /** Deletes the log and makes it anew. */
  recreate(): Promise<void>
  /** Sets the largest batch that the brokers take; undefined is the usual one again. */
  limit(bytes: number | undefined): Promise<void>
  /** The offset that the group holds for a shard, for lag monitors. */
  reported(shard: ShardId): Promise<number | undefined>
  /** How large the embedded log's file is, and what is free beside it. */
  file(): Promise<{ readonly bytes: number; readonly diskFreeBytes: number }>
  /** Another process that joins and stays. */
  startMember(): Promise<{ kill(): Promise<void> }>
  /** What may happen to the only broker. */
  readonly broker: Readonly<Record<BrokerFault, () => Promise<void>>>
}

export const brokerFaults = ['kill', 'restart', 'pause', 'resume'] as const
export type BrokerFault = (typeof brokerFaults)[number]

export const worldPartitions = 4
