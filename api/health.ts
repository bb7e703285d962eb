import { LogError } from '../core/log.ts'
import type { ApiOptions } from './api-options.ts'
import { DeadlineError, withDeadline } from './deadline.ts'
import type { ApiLimits } from './limits.ts'
import { Problem } from './problem.ts'

/** `/healthz` tells that the process lives, `/readyz` whether it can take writes. */
export function createHealth(options: ApiOptions, limits: ApiLimits) {
  const { log, clock, version } = options
  return {
    live: (): Response => Response.json({ status: 'ok', version }),

    async ready(): Promise<Response> {
      try {
        await withDeadline(clock, limits.readTimeoutMs, log.ping())
      } catch (error) {
        // Only errors whose messages are made for people are shown.
        const known = error instanceof LogError || error instanceof DeadlineError
        const why = known ? error.message : 'an unexpected error, see the API log'
        const code = error instanceof LogError ? error.code : 'unreachable'
        throw new Problem('not-ready', `The log ${log.topic} can't take writes: ${why}.`, {
          cause: error,
          extensions: { code },
          headers: { 'retry-after': '5' },
        })
      }
      return Response.json({
        status: 'ready',
        topic: log.topic,
        shards: log.partitions,
        jobResults: options.jobs !== undefined,
      })
    },
  }
}
