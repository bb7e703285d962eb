import { PublishError } from '../core/log.ts'

/** A publish that failed, told in one line. */
export function publishFailure(outcome: PublishError['outcome'], cause: unknown): PublishError {
  const what = outcome === 'none' ? 'Nothing was written' : 'Whether the log has it is unknown'
  return new PublishError(outcome, `${what}: ${(cause as Error).message}`, { cause })
}
