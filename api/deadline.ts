import type { Clock } from '../core/clock.ts'

/** What `work` resolves to, or a DeadlineError after `ms`: an answer never waits for one shard. */
export async function withDeadline<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  const done = new AbortController()
  const deadline = clock.sleep(ms, done.signal).then(() => {
    throw new DeadlineError(ms)
  })
  // After `done` nobody waits for it any more.
  deadline.catch(() => {})
  try {
    return await Promise.race([work, deadline])
  } finally {
    done.abort()
  }
}

export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'

  constructor(ms: number) {
    super(`no answer within ${ms} ms`)
  }
}
