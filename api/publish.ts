import type { OutgoingMessage } from '../core/log.ts'
import { LogError, PublishError } from '../core/log.ts'
import type { Offset, ShardId } from '../core/position.ts'
import type { ReceiptShard } from '../core/receipt.ts'
import type { ShardMessage } from '../core/shard-batching.ts'
import type { ApiOptions } from './api-options.ts'
import type { ApiLimits } from './limits.ts'
import type { Outbox } from './outbox.ts'
import { Problem } from './problem.ts'
import { tracePublish } from './tracing.ts'

const retryPauseMs = 500

/**
 * Appends an outbox's messages to the log, group after group, so that each shard's stay in order.
 * Resolves with where they are once all are durable; rejects with a Problem that says what is known.
 */
export function createPublish(
  { log, logSystem, clock, reportError }: ApiOptions,
  { publishRetryMs }: ApiLimits,
) {
  return async (outbox: Outbox, job: string, operations: number): Promise<ReceiptShard[]> => {
    const places = new Places()
    const details = { messages: outbox.messages, job, operations }
    try {
      await tracePublish(log.topic, logSystem, details, async (headers) => {
        for await (const group of outbox.groups()) {
          const messages = group.map(({ shard, bytes }) => ({ shard, bytes, headers }))
          places.add(group, await append(messages, places.isEmpty ? 0 : publishRetryMs))
        }
      })
    } catch (error) {
      const isSpoolsOwn = error instanceof Problem && places.isEmpty
      if (isSpoolsOwn) throw error
      reportError('POST /v1/writes', error)
      throw publishFailed(error, places.isEmpty)
    }
    return places.inOrder()
  }

  async function append(
    messages: readonly OutgoingMessage[],
    retryMs: number,
  ): Promise<readonly Offset[]> {
    const endMs = clock.monotonicMs() + retryMs
    for (;;) {
      try {
        return await log.publish(messages)
      } catch (error) {
        if (!isWorthRepeating(error) || clock.monotonicMs() >= endMs) throw error
        await clock.sleep(retryPauseMs)
      }
    }
  }
}

/** Only what was certainly not written may be sent again: else it would be in the log twice. */
function isWorthRepeating(error: unknown): boolean {
  if (!(error instanceof PublishError) || error.outcome !== 'none') return false
  return !(error.cause instanceof LogError) || error.cause.canRetry
}

function publishFailed(error: unknown, isFirstGroup: boolean): Problem {
  // Only the log itself can say that nothing was written.
  const outcome = error instanceof PublishError && isFirstGroup ? error.outcome : 'unknown'
  const detail =
    outcome === 'none'
      ? 'The log did not take the operations. Nothing was written: send this again.'
      : 'The log did not confirm the operations: some, all or none of them may be written. Sending this again may apply them twice, which changes nothing but for increments.'
  return new Problem('log-unavailable', detail, {
    cause: error,
    extensions: { outcome },
    headers: { 'retry-after': '5' },
  })
}

/** Where a job's messages are, per shard: all that its receipt says. */
class Places {
  readonly #shards = new Map<ShardId, ReceiptShard>()

  get isEmpty(): boolean {
    return this.#shards.size === 0
  }

  add(messages: readonly ShardMessage[], offsets: readonly Offset[]): void {
    messages.forEach(({ shard, operations }, i) => {
      const at = offsets[i]!
      const before = this.#shards.get(shard)
      this.#shards.set(shard, {
        shard,
        first: before?.first ?? at,
        last: at,
        operations: operations + (before?.operations ?? 0),
      })
    })
  }

  inOrder(): ReceiptShard[] {
    return [...this.#shards.values()].sort((a, b) => a.shard - b.shard)
  }
}
