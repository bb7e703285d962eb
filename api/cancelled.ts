import { CancelledJobs } from '../core/cancel.ts'
import type { ControlFollower } from '../core/log.ts'
import type { ApiOptions } from './api-options.ts'
import { withDeadline } from './deadline.ts'
import type { ApiLimits } from './limits.ts'

/** What an API knows of cancelled jobs. */
export class KnownCancels {
  readonly #options: ApiOptions
  readonly #limits: ApiLimits
  readonly #jobs: CancelledJobs
  readonly #follower: ControlFollower

  constructor(options: ApiOptions, limits: ApiLimits) {
    this.#options = options
    this.#limits = limits
    const jobs = new CancelledJobs(options.log.logId)
    this.#jobs = jobs
    // What is not known here is a worker's to warn of. Followed from the start: nobody waits for it then.
    this.#follower = options.log.control.follow((key, value) => jobs.note(key, value))
  }

  /** How far control was read: a worker that read as far knows all that is known here. */
  get next(): ControlFollower['next'] {
    return this.#follower.next
  }

  /** As of now or shortly before. Rejects with a `LogError` or a `DeadlineError`. */
  async read(): Promise<CancelledJobs> {
    const follower = this.#follower
    const { clock } = this.#options
    const { stateMaxAgeMs, readTimeoutMs } = this.#limits
    if (follower.ageMs > stateMaxAgeMs) await withDeadline(clock, readTimeoutMs, follower.catchUp())
    return this.#jobs
  }

  /** The same for answers that do without what can't be read: then what was known last. */
  async readIfAny(): Promise<CancelledJobs> {
    try {
      return await this.read()
    } catch (error) {
      this.#options.reportError('cancelled jobs', error)
      return this.#jobs
    }
  }
}
