import type { Checksum } from './message.ts'
import { encodeMessage } from './message.ts'
import type { Operation } from './operation.ts'
import type { ShardId } from './position.ts'

export interface MessageLimits {
  /** Operations in a message, at most. */
  readonly operations: number
  /** Bytes of a message, at most, header included. */
  readonly bytes: number
}

/** Cheap to move and to retry, large enough to share the costs of a message among many operations. */
export const defaultMessageLimits: MessageLimits = { operations: 1000, bytes: 256 * 1024 }

export interface ShardMessage {
  readonly shard: ShardId
  readonly bytes: Uint8Array
  readonly operations: number
}

export interface ShardBatchingOptions {
  readonly job: string
  readonly tenant: string
  readonly limits: MessageLimits
  readonly checksum: Checksum
  readonly shardOf: (operation: Operation) => ShardId
}

/** The operation at `index` does not fit into a message by itself. */
export interface OperationTooLarge {
  readonly index: number
  /** Of a message that holds nothing else. */
  readonly bytes: number
  readonly maxBytes: number
}

export type BatchedRequest =
  | { readonly messages: readonly ShardMessage[] }
  | { readonly tooLarge: OperationTooLarge }

/**
 * Cuts a request into messages: each operation goes to its shard, each shard's operations keep the
 * request's order, and no message is above the limits.
 */
export function batchByShard(
  operations: Iterable<Operation>,
  options: ShardBatchingOptions,
): BatchedRequest {
  const messages: ShardMessage[] = []
  const { operations: most } = options.limits
  for (const [shard, routed] of Map.groupBy(operations, options.shardOf)) {
    for (let i = 0; i < routed.length; i += most) {
      const tooLarge = addMessages(messages, shard, routed.slice(i, i + most), options)
      if (tooLarge) return { tooLarge }
    }
  }
  return { messages }
}

/**
 * Encodes operations as one message, or in equal parts as many as their bytes ask for. Encoding all
 * at once and seldom twice is cheaper than counting the bytes of each.
 */
function addMessages(
  messages: ShardMessage[],
  shard: ShardId,
  operations: readonly Operation[],
  options: ShardBatchingOptions,
): OperationTooLarge | undefined {
  const { job, tenant, limits, checksum } = options
  const bytes = encodeMessage({ job, tenant, operations }, checksum)
  if (bytes.length <= limits.bytes) {
    messages.push({ shard, bytes, operations: operations.length })
    return undefined
  }
  const [first] = operations
  if (operations.length === 1) {
    return { index: first!.index, bytes: bytes.length, maxBytes: limits.bytes }
  }
  const parts = Math.min(operations.length, Math.ceil(bytes.length / limits.bytes))
  const perPart = Math.ceil(operations.length / parts)
  for (let i = 0; i < operations.length; i += perPart) {
    const tooLarge = addMessages(messages, shard, operations.slice(i, i + perPart), options)
    if (tooLarge) return tooLarge
  }
  return undefined
}
