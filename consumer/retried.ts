import type { FailedOperation, RowFailure } from '../core/failure.ts'
import type { WindowTransaction } from '../core/shard-store.ts'
import type { Source } from '../core/source.ts'

export interface RetryVerdicts {
  /** Sent by an earlier retry of their job: settled, and they count for nothing. */
  readonly again: ReadonlySet<Source>
  readonly gone: readonly FailedOperation[]
}

const none: RetryVerdicts = { again: new Set(), gone: [] }

const goneFailure: RowFailure = {
  code: 'failure_gone',
  message:
    'the failure that this sends again is recorded no more: whether it was sent is not known',
}

/**
 * Retrying a job twice sends its failed operations twice. The record of each failure tells which copy
 * comes first, also much later: no key has to be kept for it. `sources` in log order; windows without
 * a retry read nothing.
 */
export async function judgeRetries(
  transaction: WindowTransaction,
  sources: readonly Source[],
): Promise<RetryVerdicts> {
  const retries = sources.filter(({ origin }) => origin.retryOf !== undefined)
  if (retries.length === 0) return none
  const again = new Set<Source>()
  /** By failure, what sends it again: the first of them may run. */
  const copies = Map.groupBy(
    retries,
    ({ operation, origin }) => `${operation.index} ${origin.retryOf}`,
  )
  const ids = Array.from(copies.values(), ([first]) => ({
    job: first!.origin.retryOf!,
    operation: first!.operation.index,
    retry: first!.origin.job,
  }))
  const verdicts = await transaction.markRetried(ids)
  const gone: FailedOperation[] = []
  for (const [i, sources] of [...copies.values()].entries()) {
    const verdict = verdicts[i]
    for (const [place, source] of sources.entries()) {
      if (verdict === 'gone') gone.push({ source, failure: goneFailure })
      else if (verdict === 'again' || place > 0) again.add(source)
    }
  }
  return { again, gone }
}
