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

/**
 * What may wait for its messages to fill, over all shards: with thousands of shards, full messages
 * for each would be gigabytes.
 */
const defaultMaxWaitingBytes = 16 * 1024 * 1024

export interface ShardMessage {
  readonly shard: ShardId
  readonly bytes: Uint8Array
  readonly operations: number
}

/** The operation at `index` does not fit into a message by itself. */
export interface OperationTooLarge {
  readonly index: number
  /** Of a message that holds nothing else. */
  readonly bytes: number
  readonly maxBytes: number
}

export interface ShardBatchingOptions {
  readonly job: string
  readonly tenant: string
  readonly limits: MessageLimits
  readonly maxWaitingBytes?: number
  readonly checksum: Checksum
  readonly shardOf: (operation: Operation) => ShardId
  /** Told of each operation that no message can hold, which is left out. */
  onTooLarge(operation: OperationTooLarge): void
}

/** A shard's operations that wait for their message to fill. */
interface Waiting {
  readonly operations: Operation[]
  bytes: number
}

/**
 * Cuts a request into messages while it is read: each operation goes to its shard, each shard's
 * operations keep the request's order, and no message is above the limits.
 */
export class ShardBatcher {
  readonly #options: ShardBatchingOptions
  readonly #maxWaitingBytes: number
  readonly #waiting = new Map<ShardId, Waiting>()
  #waitingBytes = 0
  #messages: ShardMessage[] = []

  constructor(options: ShardBatchingOptions) {
    this.#options = options
    this.#maxWaitingBytes = options.maxWaitingBytes ?? defaultMaxWaitingBytes
  }

  /** `bytes` is about what the operation takes; what it takes exactly shows when it is encoded. */
  add(operation: Operation, bytes: number): void {
    const { limits, shardOf } = this.#options
    const shard = shardOf(operation)
    let waiting = this.#waiting.get(shard)
    if (waiting && waiting.bytes + bytes > limits.bytes) {
      this.#cut(shard, waiting)
      waiting = undefined
    }
    if (!waiting) {
      waiting = { operations: [], bytes: 0 }
      this.#waiting.set(shard, waiting)
    }
    waiting.operations.push(operation)
    waiting.bytes += bytes
    this.#waitingBytes += bytes
    if (waiting.operations.length === limits.operations) this.#cut(shard, waiting)
    else if (this.#waitingBytes > this.#maxWaitingBytes) this.#cutFullest()
  }

  /** The messages made since the last call; each shard's are in order. */
  take(): readonly ShardMessage[] {
    const messages = this.#messages
    this.#messages = []
    return messages
  }

  /** The last messages: no operation follows. */
  finish(): readonly ShardMessage[] {
    for (const [shard, waiting] of this.#waiting) this.#cut(shard, waiting)
    return this.take()
  }

  /** Down to half, so that it is seldom done; the fullest first, so that messages stay large. */
  #cutFullest(): void {
    const fullestFirst = [...this.#waiting].sort(([, a], [, b]) => b.bytes - a.bytes)
    for (const [shard, waiting] of fullestFirst) {
      if (this.#waitingBytes <= this.#maxWaitingBytes / 2) return
      this.#cut(shard, waiting)
    }
  }

  #cut(shard: ShardId, { operations, bytes }: Waiting): void {
    this.#waiting.delete(shard)
    this.#waitingBytes -= bytes
    this.#encode(shard, operations)
  }

  /**
   * Encodes operations as one message, or in equal parts as many as their bytes ask for. Encoding
   * all at once and seldom twice is cheaper than counting the bytes of each.
   */
  #encode(shard: ShardId, operations: readonly Operation[]): void {
    const { job, tenant, limits, checksum, onTooLarge } = this.#options
    const bytes = encodeMessage({ job, tenant, operations }, checksum)
    if (bytes.length <= limits.bytes) {
      this.#messages.push({ shard, bytes, operations: operations.length })
      return
    }
    if (operations.length === 1) {
      const { index } = operations[0]!
      onTooLarge({ index, bytes: bytes.length, maxBytes: limits.bytes })
      return
    }
    const parts = Math.min(operations.length, Math.ceil(bytes.length / limits.bytes))
    const perPart = Math.ceil(operations.length / parts)
    for (let i = 0; i < operations.length; i += perPart) {
      this.#encode(shard, operations.slice(i, i + perPart))
    }
  }
}
