import type { OutgoingMessage } from '../core/log.ts'
import { PublishError } from '../core/log.ts'
import type { Operation } from '../core/operation.ts'
import type { Offset } from '../core/position.ts'
import { shardId } from '../core/position.ts'
import type { Receipt, ReceiptShard } from '../core/receipt.ts'
import type { ShardMessage } from '../core/shard-batching.ts'
import { batchByShard, defaultMessageLimits } from '../core/shard-batching.ts'
import type { ApiOptions } from './api-options.ts'
import type { Caller } from './auth.ts'
import { requireMayWrite, requireWriter } from './auth.ts'
import { readJsonBody } from './body.ts'
import type { ByteBudgets } from './byte-budget.ts'
import { parseJson } from './json.ts'
import type { ApiLimits } from './limits.ts'
import { Problem } from './problem.ts'
import type { BoardView, ShardBoard } from './shard-board.ts'
import { tracePublish } from './tracing.ts'
import { parseWriteRequest } from './write-request.ts'

/** A path that carries a receipt stays below what every proxy takes (8 KiB). */
export const maxReceiptInPath = 6 * 1024

/** `POST /v1/writes`: receive -> shard -> publish. */
export function createWrites(
  options: ApiOptions,
  limits: ApiLimits,
  board: ShardBoard,
  budgets: ByteBudgets,
) {
  const { types, log, receipts, clock } = options

  return async (request: Request, caller: Caller): Promise<Response> => {
    requireWriter(caller)
    refuseIdempotencyKey(request)
    using budget = budgets.open()
    const body = await readJsonBody(request, limits.bodyBytes, budget)
    const operations = receive(body, caller)
    const job = options.newJobId()
    const messages = shard(operations, job, caller.tenant)
    const offsets = await publish(messages, job, operations.length)
    const shards = receiptShards(messages, offsets)
    const acceptedAtMs = clock.epochMs()
    const receipt: Receipt = { job, tenant: caller.tenant, logId: log.logId, acceptedAtMs, shards }
    return accepted(receipt, await receipts.sign(receipt), operations.length)
  }

  function receive(body: Uint8Array, caller: Caller): Operation[] {
    return parseWriteRequest(parseJson(body, limits.jsonDepth), {
      types,
      maxOperations: limits.operations,
      maxErrors: limits.errors,
      requireMayWrite: (type) => requireMayWrite(caller, type),
    })
  }

  function shard(
    operations: readonly Operation[],
    job: string,
    tenant: string,
  ): readonly ShardMessage[] {
    const batched = batchByShard(operations, {
      job,
      tenant,
      limits: options.messageLimits ?? defaultMessageLimits,
      checksum: options.checksum,
      shardOf: ({ type, object }) => shardId(types.get(type)!.shardOf(object)),
    })
    if ('messages' in batched) return batched.messages
    const { index, bytes, maxBytes } = batched.tooLarge
    const message = `takes ${bytes} bytes in the log, one operation takes at most ${maxBytes}`
    throw new Problem('invalid-operations', `Nothing was written. Operation ${index} ${message}.`, {
      extensions: { errors: [{ index, path: '', message }], errorCount: 1 },
    })
  }

  async function publish(
    messages: readonly ShardMessage[],
    job: string,
    operations: number,
  ): Promise<readonly Offset[]> {
    const details = { messages: messages.length, job, operations }
    try {
      return await tracePublish(log.topic, options.logSystem, details, (headers) =>
        log.publish(
          messages.map(({ shard, bytes }): OutgoingMessage => ({ shard, bytes, headers })),
        ),
      )
    } catch (error) {
      options.reportError('POST /v1/writes', error)
      throw publishFailed(error)
    }
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

function publishFailed(error: unknown): Problem {
  // Only the log itself can say that nothing was written.
  const outcome = error instanceof PublishError ? error.outcome : 'unknown'
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

function receiptShards(
  messages: readonly ShardMessage[],
  offsets: readonly Offset[],
): ReceiptShard[] {
  const shards = new Map<ShardMessage['shard'], ReceiptShard>()
  messages.forEach(({ shard, operations }, i) => {
    const at = offsets[i]!
    const before = shards.get(shard)
    shards.set(shard, {
      shard,
      first: before?.first ?? at,
      last: at,
      operations: operations + (before?.operations ?? 0),
    })
  })
  return [...shards.values()].sort((a, b) => a.shard - b.shard)
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
