import type { KeyedRequest } from '../core/keyed-request.ts'
import { behind, shardId } from '../core/position.ts'
import type { Receipt, ReceiptShard } from '../core/receipt.ts'
import type { ShardMessage } from '../core/shard-batching.ts'
import { defaultMessageLimits, ShardBatcher } from '../core/shard-batching.ts'
import type { ApiOptions } from './api-options.ts'
import type { Issues } from './issues.ts'
import type { ApiLimits } from './limits.ts'
import type { LogRoom, RoomForWrite } from './log-room.ts'
import type { Outbox } from './outbox.ts'
import { createPublish } from './publish.ts'
import type { Received } from './receive.ts'
import type { BoardView, ShardBoard } from './shard-board.ts'

/** A path that carries a receipt stays below what every proxy takes (8 KiB). */
const maxReceiptInPath = 6 * 1024

/** As what operations are accepted. */
export interface AcceptAs {
  readonly job: string
  readonly tenant: string
  readonly operations: number
  readonly keyed?: KeyedRequest | undefined
  /** The job whose failed operations they are. */
  readonly retryOf?: string
  /** The share of the log's room that their messages took. */
  readonly room: RoomForWrite
  /** Where errors are reported to have happened. */
  readonly route: string
}

/** What a 202 says; of a keyed request it is kept. */
export interface Answer {
  readonly shards: readonly ReceiptShard[]
  readonly operations: number
  readonly job: string
  readonly receipt: string
  readonly retryOf?: string
}

export type Accept = ReturnType<typeof createAccept>

/** What every write does once it is received: shard batching, publish, and the answer. */
export function createAccept(
  options: ApiOptions,
  limits: ApiLimits,
  board: ShardBoard,
  logRoom: LogRoom,
) {
  const { types, log, receipts, clock } = options
  const publish = createPublish(options, limits)

  return {
    /** Before a body is read: rejects with a Problem where the log has no room already. */
    room: () => logRoom.open(),

    /**
     * Fills the outbox with messages of a job, as far as there is room, and resolves with how many
     * operations they hold. Rejects where one is invalid: up to here nothing is published, so that
     * refuses all of them.
     */
    async batch(
      received: Received,
      job: string,
      tenant: string,
      room: RoomForWrite,
    ): Promise<number> {
      const { parts, issues, outbox } = received
      const batcher = shardBatcher(job, tenant, issues)
      const keep = async (messages: readonly ShardMessage[]) => {
        room.take(bytesOf(messages))
        await outbox.add(messages)
      }
      let operations = 0
      for await (const part of parts) {
        const bytes = part.bytes / part.operations.length
        for (const operation of part.operations) batcher.add(operation, bytes)
        await keep(batcher.take())
        operations += part.operations.length
      }
      await keep(batcher.finish())
      issues.throwIfAny(received.lineOf)
      return operations
    },

    async publish(outbox: Outbox, as: AcceptAs): Promise<Answer> {
      const { job, tenant, operations, retryOf } = as
      as.room.spend()
      const shards = await publish(outbox, as)
      const link = retryOf !== undefined && { retryOf }
      const acceptedAtMs = clock.epochMs()
      const receipt: Receipt = { job, tenant, logId: log.logId, acceptedAtMs, ...link, shards }
      return { shards, operations, job, receipt: await receipts.sign(receipt), ...link }
    },

    async respond(
      { shards, operations, job, receipt, retryOf }: Answer,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<Response> {
      const estimatedSeconds = secondsUntilApplied(shards, await board.viewIfAny())
      const body = { job, receipt, accepted: operations, estimatedSeconds, retryOf }
      const location = receipt.length <= maxReceiptInPath && { location: `/v1/jobs/${receipt}` }
      return Response.json(body, { status: 202, headers: { ...headers, ...location } })
    },
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
}

function bytesOf(messages: readonly ShardMessage[]): number {
  return messages.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
}

/** Until the slowest of the job's shards is through; null if one of them is unknown. */
function secondsUntilApplied(shards: readonly ReceiptShard[], board: BoardView): number | null {
  let slowest = 0
  for (const { shard, last } of shards) {
    const seconds = board.secondsUntil(shard, behind(last).offset)
    if (seconds === null) return null
    slowest = Math.max(slowest, seconds)
  }
  return slowest
}
