import type { Clock } from '../core/clock.ts'
import type { UndecodableMessage } from '../core/failure.ts'
import type { LogMessage, PartitionReader } from '../core/log.ts'
import { LogError } from '../core/log.ts'
import type { Checksum, Message } from '../core/message.ts'
import { decodeMessage } from '../core/message.ts'
import type { ObjectType } from '../core/object-type.ts'
import type { Operation } from '../core/operation.ts'
import type { Position } from '../core/position.ts'
import { offset } from '../core/position.ts'
import type { Origin, Source } from '../core/source.ts'

/** What a message holds that this worker does not know: the shard waits for a worker that does. */
export class UnknownContent extends Error {
  override readonly name = 'UnknownContent'
}

export interface InboxOptions {
  readonly clock: Pick<Clock, 'turn'>
  readonly types: ReadonlyMap<string, ObjectType>
  readonly checksum: Checksum
  /** Messages held, at most: the configured pull size. */
  readonly pullSize: number
}

/** A partition's operations that were pulled and not yet taken into a window, in log order. */
export class Inbox {
  readonly #reader: PartitionReader
  readonly #options: InboxOptions
  /** Where the first message begins; operations in front of it are settled already. */
  #from: Position | undefined
  #messages: LogMessage[] = []
  #sources: Source[] = []

  constructor(reader: PartitionReader, from: Position, options: InboxOptions) {
    this.#reader = reader
    this.#from = from
    this.#options = options
  }

  get sources(): readonly Source[] {
    return this.#sources
  }

  /** Takes the first operations out. */
  take(operations: number): void {
    this.#sources = this.#sources.slice(operations)
  }

  /**
   * Pulls up to the pull size; waits up to `waitMs` if nothing is held. Rejects with a `LogError`, or
   * with `UnknownContent` once everything in front of that message is taken.
   */
  async fill(waitMs: number): Promise<void> {
    const room = this.#options.pullSize - this.#messagesHeld()
    const isEmpty = this.#messages.length === 0 && this.#sources.length === 0
    if (room > 0) this.#messages.push(...(await this.#reader.pull(room, isEmpty ? waitMs : 0)))
    while (this.#messages.length > 0) {
      if (this.#decode(this.#messages[0]!) === 'blocked') return
      this.#messages.shift()
      // A pull's worth takes tens of milliseconds, and MySQL must not wait for its next statement.
      await this.#options.clock.turn()
    }
  }

  /** The message that can't be decoded, if that is what stands next. */
  get undecodable(): UndecodableMessage | undefined {
    const [first] = this.#messages
    if (!first || this.#sources.length > 0) return undefined
    const decoded = decodeMessage(first.bytes, this.#options.checksum)
    if (decoded.kind !== 'corrupt') return undefined
    const { offset, bytes, headers } = first
    const { traceparent } = headers
    const message = { offset, bytes, reason: decoded.reason }
    return traceparent ? { ...message, traceparent } : message
  }

  /** Passes the undecodable message once it is recorded. */
  passUndecodable(): void {
    this.#messages.shift()
    this.#from = undefined
  }

  async close(): Promise<void> {
    await this.#reader.close()
  }

  #messagesHeld(): number {
    const [first] = this.#sources
    const last = this.#sources.at(-1)
    const decoded = first && last ? last.end.offset - first.end.offset + 1 : 0
    return decoded + this.#messages.length
  }

  /** Adds a message's operations; one that blocks stays until what is in front of it is taken. */
  #decode(message: LogMessage): 'added' | 'blocked' {
    const decoded = decodeMessage(message.bytes, this.#options.checksum)
    if (decoded.kind === 'message') {
      const sources = this.#sourcesOf(message, decoded.message)
      if (typeof sources !== 'string') {
        for (const source of sources) this.#sources.push(source)
        this.#from = undefined
        return 'added'
      }
      return this.#block(message, sources)
    }
    return decoded.kind === 'unknown' ? this.#block(message, decoded.what) : 'blocked'
  }

  #block(message: LogMessage, unknown: string): 'blocked' {
    if (this.#sources.length > 0) return 'blocked'
    throw new UnknownContent(
      `the message at offset ${message.offset} has ${unknown}, which this worker does not know; ` +
        'start a worker whose version and config know it',
    )
  }

  /** The message's operations, or what of it is not known. */
  #sourcesOf({ offset: at, headers }: LogMessage, message: Message): Source[] | string {
    const origin = originOf(message, headers)
    const { operations } = message
    const sources: Source[] = []
    for (let i = this.#settledIn(at, operations.length); i < operations.length; i++) {
      const operation = operations[i]!
      const type = this.#options.types.get(operation.type)
      if (!type) return `the type ${JSON.stringify(operation.type)}`
      const property = unknownProperty(type, operation)
      if (property !== undefined) {
        return `the property ${JSON.stringify(property)} of the type ${type.name}`
      }
      const end =
        i + 1 < operations.length
          ? { offset: at, operation: i + 1 }
          : { offset: offset(at + 1), operation: 0 }
      sources.push({ operation, type, origin, end })
    }
    return sources
  }

  /** How many operations of a message are settled already: those in front of where the shard stands. */
  #settledIn(at: Position['offset'], operations: number): number {
    const settled = this.#from?.operation ?? 0
    if (settled === 0 || (at === this.#from?.offset && settled < operations)) return settled
    throw new LogError(
      'out_of_range',
      `${settled} operations of the message at offset ${this.#from?.offset} are settled, but the log has one of ${operations} at ${at} there: it lost messages or is another one`,
    )
  }
}

/** A column that a newer API or config knows. The store would leave it out without a word. */
function unknownProperty(
  { properties }: ObjectType,
  { object, by }: Operation,
): string | undefined {
  for (const property in object) if (!properties.has(property)) return property
  for (const property in by) if (!properties.has(property)) return property
  return undefined
}

function originOf({ job, tenant }: Message, headers: LogMessage['headers']): Origin {
  const { traceparent, tracestate } = headers
  return {
    job,
    tenant,
    ...(traceparent && { traceparent }),
    ...(tracestate && { tracestate }),
  }
}
