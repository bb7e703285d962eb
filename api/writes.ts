import type { Offset } from '../core/position.ts'
import { shardId } from '../core/position.ts'
import type { Receipt } from '../core/receipt.ts'
import { defaultMessageLimits, ShardBatcher } from '../core/shard-batching.ts'
import type { ApiOptions } from './api-options.ts'
import type { Caller } from './auth.ts'
import { requireWriter } from './auth.ts'
import type { Budgets } from './budget.ts'
import type { Issues } from './issues.ts'
import type { ApiLimits } from './limits.ts'
import { Problem } from './problem.ts'
import { createPublish } from './publish.ts'
import { createReceive } from './receive.ts'
import type { BoardView, ShardBoard } from './shard-board.ts'

/** A path that carries a receipt stays below what every proxy takes (8 KiB). */
export const maxReceiptInPath = 6 * 1024

/** `POST /v1/writes`: receive -> shard -> publish. */
export function createWrites(
  options: ApiOptions,
  limits: ApiLimits,
  board: ShardBoard,
  bodies: Budgets,
) {
  const { types, log, receipts, clock } = options
  const receive = createReceive(options, limits, bodies)
  const publish = createPublish(options, limits)

  return async (request: Request, caller: Caller): Promise<Response> => {
    requireWriter(caller)
    refuseIdempotencyKey(request)
    const { tenant } = caller
    const job = options.newJobId()
    await using received = receive(request, caller)
    const { parts, issues, outbox } = received
    const batcher = shardBatcher(job, tenant, issues)
    let count = 0
    for await (const { operations, bytes } of parts) {
      for (const operation of operations) batcher.add(operation, bytes / operations.length)
      await outbox.add(batcher.take())
      count += operations.length
    }
    await outbox.add(batcher.finish())
    // Up to here nothing is published: one invalid operation refuses all of them.
    issues.throwIfAny(received.lineOf)
    const shards = await publish(outbox, job, count)
    const acceptedAtMs = clock.epochMs()
    const receipt: Receipt = { job, tenant, logId: log.logId, acceptedAtMs, shards }
    return accepted(receipt, await receipts.sign(receipt), count)
  }

  function shardBatcher(job: string, tenant: string, issues: Issues): ShardBatcher {
    return new ShardBatcher({
      job,
      tenant,
      limits: options.messageLimits ?? defaultMessageLimits,
      checksum: options.checksum,
      shardOf: ({ type, object }) => shardId(types.get(type)!.shardOf(object)),
      onTooLarge: ({ index, bytes, maxBytes }) =>
        issues.add(
          index,
          '',
          `takes ${bytes} bytes in the log, one operation takes at most ${maxBytes}`,
        ),
    })
  }

  async function accepted(receipt: Receipt, signed: string, count: number): Promise<Response> {
    const estimatedSeconds = secondsUntilApplied(receipt, await board.viewIfAny())
    const body = { job: receipt.job, receipt: signed, accepted: count, estimatedSeconds }
    const location = signed.length <= maxReceiptInPath && { location: `/v1/jobs/${signed}` }
    return Response.json(body, { status: 202, headers: { ...location } })
  }
}

/** A client that sends one counts on it, so it can't be ignored. */
function refuseIdempotencyKey(request: Request): void {
  if (!request.headers.has('idempotency-key')) return
  throw new Problem(
    'bad-request',
    'Idempotency-Key is not served by this version: a repeated request is applied again. Send it without the header.',
  )
}

/** Until the slowest of the job's shards is through; null if one of them is unknown. */
export function secondsUntilApplied(receipt: Receipt, board: BoardView): number | null {
  let slowest = 0
  for (const { shard, last } of receipt.shards) {
    const seconds = board.secondsUntil(shard, nextAfter(last))
    if (seconds === null) return null
    slowest = Math.max(slowest, seconds)
  }
  return slowest
}

function nextAfter(last: Offset): Offset {
  return (last + 1) as Offset
}
