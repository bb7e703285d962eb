import { PublishError } from '../core/log.ts'
import type { Offset } from '../core/position.ts'
import type { Delivered } from './kafka-client.ts'

/** A publish that failed, told in one line. */
export function publishFailure(outcome: PublishError['outcome'], cause: unknown): PublishError {
  const what = outcome === 'none' ? 'Nothing was written' : 'Whether the log has it is unknown'
  return new PublishError(outcome, `${what}: ${(cause as Error).message}`, { cause })
}

/** Where the messages of a publish stand; throws a `PublishError` unless all of them are written. */
export function offsetsOf(delivered: readonly Delivered[]): readonly Offset[] {
  return delivered.map((result) => {
    if (result.kind === 'written') return result.offset
    const none = delivered.every((other) => other.kind === 'failed' && other.outcome === 'none')
    throw publishFailure(none ? 'none' : 'unknown', result.reason)
  })
}
