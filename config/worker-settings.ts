import { defaultFailingAlikeJobs, defaultFailureCredit } from '../core/failure-credit.ts'
import { defaultMaxWindowStatements } from '../core/window-limits.ts'
import { defaultStoreSettings } from '../db/session-settings.ts'

/** What a worker process takes on, and how long it waits for what. */
export interface WorkerSettings {
  /** Statements of one transaction. */
  readonly maxWindowStatements: number
  /** Statements that isolating bad rows may take in one transaction. */
  readonly maxIsolationStatements: number
  /** Failures that a job may have on a shard before any of its operations applied. */
  readonly failureCredit: number
  /** So many jobs that fail alike beyond their credit stop the shard; 0 records them all. */
  readonly failingAlikeJobs: number
  /** Transactions that one process runs at once. */
  readonly maxConcurrentWindows: number
  /** How long a partition waits when the worker runs as many transactions as it may. */
  readonly fullWorkerBackOffMs: number
  /** How long a shard is left alone after two timeouts in a row. */
  readonly breakerWaitMs: number
  /** How long a stopped shard waits before it looks whether somebody mended the cause. */
  readonly stoppedRetryMs: number
  /** How long what is applied stays in the log: a restored database finds its replay there. */
  readonly retainHours: number
  /** A statement that takes longer is ended by the watchdog. */
  readonly statementTimeoutMs: number
  /** How long a statement waits for another's lock; MySQL counts whole seconds. */
  readonly lockWaitSeconds: number
}

export const defaultWorkerSettings: WorkerSettings = {
  maxWindowStatements: defaultMaxWindowStatements,
  maxIsolationStatements: 250,
  failureCredit: defaultFailureCredit,
  failingAlikeJobs: defaultFailingAlikeJobs,
  // Each holds a transaction open; more than a few in one process only share its one core.
  maxConcurrentWindows: 16,
  fullWorkerBackOffMs: 50,
  breakerWaitMs: 10_000,
  stoppedRetryMs: 15_000,
  retainHours: 168,
  statementTimeoutMs: defaultStoreSettings.statementTimeoutMs,
  lockWaitSeconds: defaultStoreSettings.lockWaitSeconds,
}
