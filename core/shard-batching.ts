import type { Checksum } from './message.ts'
import {
  encodeOperation,
  messageEnd,
  messageHeaderBytes,
  messageStart,
  sealMessage,
} from './message.ts'
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
  shardOf(operation: Operation): ShardId
}

/** The operation at `index` does not fit into a message by itself. */
export interface OperationTooLarge {
  readonly index: number
  readonly bytes: number
  readonly maxBytes: number
}

/**
 * Cuts a request into messages: each operation goes to its shard, each shard's operations keep the
 * request's order, and no message is above the limits.
 */
export function batchByShard(
  operations: Iterable<Operation>,
  options: ShardBatchingOptions,
): { readonly messages: readonly ShardMessage[] } | { readonly tooLarge: OperationTooLarge } {
  const batches = new Map<ShardId, MessageBuilder>()
  const messages: ShardMessage[] = []
  const start = messageStart(options.job, options.tenant)
  for (const operation of operations) {
    const shard = options.shardOf(operation)
    let batch = batches.get(shard)
    if (!batch) {
      batch = new MessageBuilder(shard, start, options)
      batches.set(shard, batch)
    }
    const json = encodeOperation(operation)
    if (batch.add(json)) continue
    if (!batch.isEmpty) messages.push(batch.seal())
    if (!batch.add(json)) {
      const bytes = encoder.encode(json).byteLength
      return { tooLarge: { index: operation.index, bytes, maxBytes: batch.maxOperationBytes } }
    }
  }
  for (const batch of batches.values()) if (!batch.isEmpty) messages.push(batch.seal())
  return { messages }
}

const encoder = new TextEncoder()
/** UTF-8 takes at most three bytes for a UTF-16 code unit. */
const maxBytesPerUnit = 3
/** Most messages of a request over many shards are small; the buffer doubles up to the limit. */
const initialBytes = 4096

class MessageBuilder {
  readonly maxOperationBytes: number
  readonly #shard: ShardId
  readonly #start: string
  readonly #options: ShardBatchingOptions
  #buffer: Uint8Array
  #length: number
  /** Texts that fit in any case, not encoded yet: encoding many at once is several times cheaper. */
  #pending = ''
  #operations = 0

  constructor(shard: ShardId, start: string, options: ShardBatchingOptions) {
    this.#shard = shard
    this.#start = start
    this.#options = options
    this.#buffer = new Uint8Array(Math.min(initialBytes, options.limits.bytes))
    this.#length = 0
    this.#begin()
    this.maxOperationBytes = options.limits.bytes - this.#length - messageEnd.length
  }

  get isEmpty(): boolean {
    return this.#operations === 0
  }

  /** False, with nothing added, if the operation does not fit any more. */
  add(json: string): boolean {
    if (this.#operations === this.#options.limits.operations) return false
    const text = this.#operations > 0 ? `,${json}` : json
    if ((this.#pending.length + text.length) * maxBytesPerUnit <= this.#room) {
      this.#pending += text
    } else {
      this.#flush()
      if (!this.#write(text)) return false
    }
    this.#operations++
    return true
  }

  seal(): ShardMessage {
    this.#flush()
    for (const char of messageEnd) this.#buffer[this.#length++] = char.charCodeAt(0)
    const bytes = sealMessage(this.#buffer.slice(0, this.#length), this.#options.checksum)
    const message = { shard: this.#shard, bytes, operations: this.#operations }
    this.#operations = 0
    this.#begin()
    return message
  }

  /** Bytes that the pending text and what follows may take; the message's end always has its own. */
  get #room(): number {
    return this.#options.limits.bytes - this.#length - messageEnd.length
  }

  #flush(): void {
    const text = this.#pending
    this.#pending = ''
    if (!this.#write(text)) throw new RangeError('text that was counted as fitting does not fit')
  }

  #begin(): void {
    this.#length = messageHeaderBytes
    if (!this.#write(this.#start)) throw new RangeError('the message limit is below its envelope')
  }

  /** Encodes in place; room for the message's end always stays. */
  #write(text: string): boolean {
    const { bytes } = this.#options.limits
    for (;;) {
      const room = this.#buffer.subarray(this.#length, this.#buffer.length - messageEnd.length)
      const { read, written } = encoder.encodeInto(text, room)
      if (read === text.length) {
        this.#length += written
        return true
      }
      if (this.#buffer.length >= bytes) return false
      const larger = new Uint8Array(Math.min(bytes, this.#buffer.length * 2))
      larger.set(this.#buffer.subarray(0, this.#length))
      this.#buffer = larger
    }
  }
}
