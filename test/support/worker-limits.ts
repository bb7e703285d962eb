import type { WorkerLimits } from '../../consumer/worker.ts'

/** A worker's limits where a test does not say otherwise. */
export const workerLimits: WorkerLimits = {
  maxWindowStatements: 8,
  maxIsolationStatements: 100,
  breakerWaitMs: 10_000,
  fullWorkerBackOffMs: 20,
  maxConcurrentWindows: 4,
  stoppedRetryMs: 30_000,
  failureCredit: 100,
  failingAlikeJobs: 3,
  retainHours: 168,
}
