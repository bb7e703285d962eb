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
  code: 'rejected',
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
  const firsts = new Map<string, Source>()
  for (const source of retries) {
    const failure = `${source.operation.index} ${source.origin.retryOf}`
    if (firsts.has(failure)) again.add(source)
    else firsts.set(failure, source)
  }
  const marked = [...firsts.values()]
  const ids = marked.map(({ origin, operation }) => ({
    job: origin.retryOf!,
    operation: operation.index,
  }))
  const verdicts = await transaction.markRetried(ids)
  const gone: FailedOperation[] = []
  for (const [i, source] of marked.entries()) {
    if (verdicts[i] === 'again') again.add(source)
    if (verdicts[i] === 'gone') gone.push({ source, failure: goneFailure })
  }
  return { again, gone }
}
