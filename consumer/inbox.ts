import { type UndecodableMessage, undecodable } from '../core/failure.ts'
import type { LogMessage, PartitionReader } from '../core/log.ts'
import { LogError } from '../core/log.ts'
import type { Checksum } from '../core/message.ts'
import { decodeMessage } from '../core/message.ts'
import type { ObjectType } from '../core/object-type.ts'
import { behind, offset, type Position, startOf } from '../core/position.ts'
import type { Source } from '../core/source.ts'
import { sourcesOf } from './message-sources.ts'

/** What a message holds that this worker does not know: the shard waits for a worker that does. */
export class UnknownContent extends Error {
  override readonly name = 'UnknownContent'
}

export interface InboxOptions {
  readonly types: ReadonlyMap<string, ObjectType>
  readonly checksum: Checksum
  /** Messages held, at most: the configured pull size. */
  readonly pullSize: number
}

/** What stands next in a partition. */
export type Head =
  /** The operations of the first message that are not taken yet. */
  | { readonly kind: 'sources'; readonly sources: readonly Source[] }
  | { readonly kind: 'undecodable'; readonly message: UndecodableMessage }
  /** Content that this worker does not know, or no message at all where one must be. */
  | { readonly kind: 'blocked'; readonly error: UnknownContent | LogError }

/**
 * A partition's messages that were pulled and not yet taken into a window, in log order. Each is
 * decoded when it comes first: its operations live no longer than their window.
 */
export class Inbox {
  readonly #reader: PartitionReader
  readonly #options: InboxOptions
  /** Where the first message begins; operations in front of it are settled already. */
  #from: Position
  #messages: LogMessage[] = []
  #head: Head | undefined

  constructor(reader: PartitionReader, from: Position, options: InboxOptions) {
    this.#reader = reader
    this.#from = from
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0
  }

  /**
   * Pulls up to the pull size, or more if as many messages are needed; waits up to `waitMs` if nothing
   * is held. Rejects with a `LogError`.
   */
  async fill(waitMs: number, needed = 0): Promise<void> {
    const room = Math.max(this.#options.pullSize, needed) - this.#messages.length
    if (room > 0) this.#messages.push(...(await this.#reader.pull(room, this.isEmpty ? waitMs : 0)))
  }

  /** What stands next; undefined if nothing is held. Throws a `LogError` for a log that is another. */
  head(): Head | undefined {
    const [first] = this.#messages
    if (first) this.#head ??= this.#decode(first, this.#from)
    return this.#head
  }

  /** The next operations, at most `count`, without taking them: fewer where something else comes. */
  peek(count: number): readonly Source[] {
    const sources: Source[] = []
    for (const [i, message] of this.#messages.entries()) {
      if (sources.length >= count) break
      const next =
        i === 0 ? this.head()! : this.#decode(message, startOf(offset(this.#from.offset + i)))
      if (next.kind !== 'sources') break
      sources.push(...next.sources.slice(0, count - sources.length))
    }
    return sources
  }

  /** Takes the first operations out of the head. */
  take(operations: number): void {
    const head = this.#head
    if (head?.kind !== 'sources') throw new Error('no operations stand next')
    if (operations < head.sources.length) {
      this.#head = { kind: 'sources', sources: head.sources.slice(operations) }
    } else this.pass()
  }

  /** Takes operations that were peeked at. */
  drop(count: number): void {
    for (let left = count; left > 0; ) {
      const head = this.head()
      const taken = head?.kind === 'sources' ? Math.min(left, head.sources.length) : left
      this.take(taken)
      left -= taken
    }
  }

  /** Passes the head as a whole. */
  pass(): void {
    this.#messages.shift()
    this.#head = undefined
    this.#from = behind(this.#from.offset)
  }

  async close(): Promise<void> {
    await this.#reader.close()
  }

  #decode(message: LogMessage, from: Position): Head {
    const missing = missingBetween(from, message)
    if (missing) return { kind: 'blocked', error: missing }
    const { checksum, types } = this.#options
    const decoded = decodeMessage(message.bytes, checksum)
    switch (decoded.kind) {
      case 'message': {
        const first = settledIn(decoded.message.operations.length, from)
        const sources = sourcesOf(message, decoded.message, types, first)
        return typeof sources === 'string'
          ? unknownHead(message, sources)
          : { kind: 'sources', sources }
      }
      case 'corrupt':
        return { kind: 'undecodable', message: undecodable(message, decoded.reason) }
      case 'unknown':
        return unknownHead(message, decoded.what)
      default:
        return decoded satisfies never
    }
  }
}

/**
 * Each offset holds a message: no client of the log may leave one out, whatever becomes of the readers
 * before it or of its buffers. It would never be missed anywhere else.
 */
function missingBetween({ offset: from }: Position, { offset: at }: LogMessage) {
  if (at === from) return undefined
  return new LogError(
    'out_of_range',
    `the message at offset ${from} is to come next, but the log brought the one at ${at}: it lost messages, is another one, or was read wrongly. It is read anew when the shard looks again`,
  )
}

/** How many operations of a message are settled: those in front of where the shard stands. */
function settledIn(operations: number, { offset: at, operation: settled }: Position): number {
  if (settled === 0 || settled < operations) return settled
  throw new LogError(
    'out_of_range',
    `${settled} operations of the message at offset ${at} are settled, but it has ${operations}: the log lost messages or is another one`,
  )
}

function unknownHead(message: LogMessage, unknown: string): Head {
  const error = new UnknownContent(
    `the message at offset ${message.offset} has ${unknown}, which this worker does not know; ` +
      'start a worker whose version and config know it; if it may be given up, npm run repair -- skip-message passes it',
  )
  return { kind: 'blocked', error }
}
