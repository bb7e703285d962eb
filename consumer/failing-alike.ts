import type { FailingAlike } from '../core/failure-credit.ts'

/** Several jobs fail in the same way: the shard waits for somebody, and records nothing. */
export class JobsFailingAlike extends Error {
  override readonly name = 'JobsFailingAlike'

  constructor({ way, jobs }: FailingAlike) {
    super(
      `${jobs} jobs or more fail alike, beyond their credit: ${way}. Nothing of it is recorded. If the table changed, change it back, and the shard goes on by itself; to have these operations recorded as failures, set worker.failingAlikeJobs to 0 in the config and start the worker again`,
    )
  }
}
