import { crc32 } from 'node:zlib'
import type { KeyedRequest } from '../../core/keyed-request.ts'
import { keyedHeaders, keyedJob } from '../../core/keyed-request.ts'
import { encodeMessage, retryHeader } from '../../core/message.ts'
import type { Operation } from '../../core/operation.ts'
import type { Position, ShardId } from '../../core/position.ts'
import { comparePositions, offset } from '../../core/position.ts'
import type { MemoryLog } from '../support/memory-log.ts'

/** A request, all of it for one shard. */
export interface SentRequest {
  readonly shard: ShardId
  /** With a key, what its messages say of its job. */
  readonly job: string
  readonly operations: readonly Operation[]
  readonly keyed?: KeyedRequest
  /** The job whose failed operations it sends again. */
  readonly retryOf?: string
}

/** One thing that a shard must settle, in the order of the log. */
export type Entry = SentOperation | { readonly kind: 'undecodable'; readonly at: Position }

export interface SentOperation {
  readonly kind: 'operation'
  readonly at: Position
  readonly job: string
  readonly operation: Operation
  readonly keyed?: KeyedRequest
  readonly retryOf?: string
}

export function jobOf({ job, keyed }: SentRequest): string {
  return keyed ? keyedJob(job, keyed.digest) : job
}

/** Writes to the log, and knows what it wrote without reading it back. */
export class SentLog {
  readonly #log: MemoryLog
  readonly #entries: readonly Entry[][]

  constructor(log: MemoryLog) {
    this.#log = log
    this.#entries = log.messages.map(() => [])
  }

  /** Sends so many operations of a request, in messages of a size; resolves with the last offset. */
  async send(request: SentRequest, operations: number, messageOperations: number): Promise<number> {
    const { shard, job, keyed, retryOf } = request
    const headers = {
      ...(keyed && keyedHeaders(keyed)),
      ...(retryOf !== undefined && { [retryHeader]: retryOf }),
    }
    let last = -1
    for (let i = 0; i < operations; i += messageOperations) {
      const part = request.operations.slice(i, Math.min(operations, i + messageOperations))
      const bytes = encodeMessage({ job, tenant: 'tests', operations: part }, crc32)
      const [at] = await this.#log.publish([{ shard, bytes, headers }])
      last = at!
      for (const [n, operation] of part.entries()) {
        this.#entries[shard]!.push({
          ...{ kind: 'operation', at: { offset: at!, operation: n }, job: jobOf(request) },
          ...{ operation, ...(keyed && { keyed }) },
          ...(retryOf !== undefined && { retryOf }),
        })
      }
    }
    return last
  }

  /** A message whose bytes are not what was written. */
  async sendDamaged(shard: ShardId): Promise<void> {
    const bytes = encodeMessage({ job: 'damaged', tenant: 'tests', operations: [] }, crc32)
    bytes[bytes.length - 1]! ^= 1
    const [at] = await this.#log.publish([{ shard, bytes, headers: {} }])
    this.#entries[shard]!.push({ kind: 'undecodable', at: { offset: offset(at!), operation: 0 } })
  }

  /** What stands from one position up to another, in order. */
  between(shard: ShardId, from: Position, to: Position): Entry[] {
    return this.#entries[shard]!.filter(
      ({ at }) => comparePositions(at, from) >= 0 && comparePositions(at, to) < 0,
    )
  }

  all(shard: ShardId): readonly Entry[] {
    return this.#entries[shard]!
  }
}
