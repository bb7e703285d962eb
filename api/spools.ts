import type { ApiOptions } from './api-options.ts'
import { Budgets } from './budget.ts'
import type { ApiLimits } from './limits.ts'
import { Spool, type SpoolAdvice } from './spool.ts'

/** A spool, and a place among those that may be filled at one time. */
export interface PlacedSpool extends AsyncDisposable {
  readonly spool: Spool
}

/** Opens spools within what all of them may take; throws a Problem where no place is free. */
export type OpenSpool = (route: string, advice: SpoolAdvice) => PlacedSpool

export function createSpools(
  { spoolFolder, reportError }: ApiOptions,
  { ndjsonRequests, spoolBytes, spoolBytesInFlight }: ApiLimits,
): OpenSpool {
  const places = new Budgets(ndjsonRequests, 'all places for requests that wait on its disk')
  const disk = new Budgets(spoolBytesInFlight, 'the disk space set aside for requests')
  return (route, advice) => {
    const place = places.open()
    place.take(1)
    const spool = new Spool({
      folder: spoolFolder,
      maxBytes: Math.min(spoolBytes, spoolBytesInFlight),
      budget: disk.open(),
      advice,
      reportError: (error) => reportError(route, error),
    })
    return {
      spool,
      [Symbol.asyncDispose]: async () => {
        await spool[Symbol.asyncDispose]()
        place[Symbol.dispose]()
      },
    }
  }
}
