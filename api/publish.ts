import type { KeyedRequest } from '../core/keyed-request.ts'
import { keyedHeaders } from '../core/keyed-request.ts'
import type { OutgoingMessage } from '../core/log.ts'
import { LogError, PublishError } from '../core/log.ts'
import { retryHeader } from '../core/message.ts'
import type { Offset, ShardId } from '../core/position.ts'
import type { ReceiptShard } from '../core/receipt.ts'
import type { ShardMessage } from '../core/shard-batching.ts'
import type { ApiOptions } from './api-options.ts'
import type { ApiLimits } from './limits.ts'
import type { Outbox } from './outbox.ts'
import { Problem } from './problem.ts'
import { tracePublish } from './tracing.ts'

const retryPauseMs = 500

export interface PublishedRequest {
  readonly job: string
  readonly operations: number
  /** The job whose failed operations they are; each takes effect once likewise. */
  readonly retryOf?: string | undefined
  /** Where errors are reported to have happened. */
  readonly route: string
  /** Where it takes effect once, however often it is published. */
  readonly keyed?: KeyedRequest | undefined
}

/**
 * Appends an outbox's messages to the log, group after group, so that each shard's stay in order.
 * Resolves with where they are once all are durable; rejects with a Problem that says what is known.
 */
export function createPublish(
  { log, logSystem, clock, reportError }: ApiOptions,
  { publishRetryMs }: ApiLimits,
) {
  return async (outbox: Outbox, request: PublishedRequest): Promise<ReceiptShard[]> => {
    const places = new Places()
    const { job, operations, keyed, retryOf, route } = request
    const own = {
      ...(keyed && keyedHeaders(keyed)),
      ...(retryOf !== undefined && { [retryHeader]: retryOf }),
    }
    const details = { messages: outbox.messages, job, operations }
    try {
      await tracePublish(log.topic, logSystem, details, async (traceHeaders) => {
        const headers = { ...traceHeaders, ...own }
        for await (const group of outbox.groups()) {
          const messages = group.map(({ shard, bytes }) => ({ shard, bytes, headers }))
          places.add(group, await append(messages, places.isEmpty ? 0 : publishRetryMs))
        }
      })
    } catch (error) {
      const isSpoolsOwn = error instanceof Problem && places.isEmpty
      if (isSpoolsOwn) throw error
      reportError(route, error)
      throw publishFailed(error, places.isEmpty, request)
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

function publishFailed(
  error: unknown,
  isFirstGroup: boolean,
  { keyed, retryOf }: PublishedRequest,
): Problem {
  // Only the log itself can say that nothing was written.
  const outcome = error instanceof PublishError && isFirstGroup ? error.outcome : 'unknown'
  const whatToDo = keyed ? repeatKeyed : retryOf === undefined ? repeatUnkeyed : repeatRetry
  const detail = outcome === 'none' ? nothingWritten : `${unknownOutcome} ${whatToDo}`
  return new Problem('log-unavailable', detail, {
    cause: error,
    extensions: { outcome },
    headers: { 'retry-after': '5' },
  })
}

const nothingWritten = 'The log did not take the operations. Nothing was written: send this again.'
const unknownOutcome =
  'The log did not confirm the operations: some, all or none of them may be written.'
const repeatKeyed =
  'Send this again with the same Idempotency-Key: each operation takes effect once.'
const repeatRetry = 'Retry the job again: each operation takes effect once.'
const repeatUnkeyed =
  'Sending this again may apply them twice: increments add twice, creates fail as already_exists, and updates, upserts and deletes may overwrite what came in between. What is sent with an Idempotency-Key from the first time on can be sent again safely.'

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
