import type { Offset, ShardId } from './position.ts'

/** The log: one ordered partition per shard, durable before `publish` resolves. */
export interface Log {
  /** Who this log is (Kafka's topic id, the embedded log's UUID): a recreated log has another. */
  readonly logId: string
  readonly topic: string
  /** How many partitions it has: one per shard. */
  readonly partitions: number
  readonly status: StatusBoard
  readonly control: ControlBoard
  /**
   * Appends messages, per shard in the order given, and resolves with their offsets once all are
   * durable. Rejects with a `PublishError` that says whether something may have been written. Once
   * it has resolved, the messages' memory is the caller's again.
   */
  publish(messages: readonly OutgoingMessage[]): Promise<readonly Offset[]>
  /** The first offset still held, and the offset that the next message will get. */
  bounds(shard: ShardId): Promise<LogBounds>
  /** Reads a partition from `from` on. Rejects with a `LogError` if that offset is not held. */
  open(shard: ShardId, from: Offset): Promise<PartitionReader>
  /**
   * Drops what lies before an offset; where that is dropped already, nothing changes. Rejects with a
   * `LogError`: `out_of_range` for an offset past the end.
   */
  trim(shard: ShardId, before: Offset): Promise<void>
  /** How much more fits; undefined where nobody tells. Rejects with a `LogError`. */
  headroom(): Promise<Headroom | undefined>
  /** Joins the group of workers among which the partitions are shared out. */
  join(): Promise<Membership>
  /** Resolves if the log answers; rejects with a `LogError` that says why not. */
  ping(): Promise<void>
  close(): Promise<void>
}

export type MessageHeaders = Readonly<Record<string, string>>

export interface OutgoingMessage {
  readonly shard: ShardId
  readonly bytes: Uint8Array
  readonly headers: MessageHeaders
}

export interface LogMessage {
  readonly offset: Offset
  readonly bytes: Uint8Array
  readonly headers: MessageHeaders
}

export interface LogBounds {
  readonly earliest: Offset
  readonly next: Offset
}

/** The room where the log is kept: on the disk that has the least of all that hold a part of it. */
export interface Headroom {
  readonly freeBytes: number
  readonly totalBytes: number
}

export interface PartitionReader {
  /**
   * The next messages in order, none left out, at most `maxMessages`; waits up to `waitMs` for the first one and
   * resolves empty after. One call at a time. Rejects with a `LogError`.
   */
  pull(maxMessages: number, waitMs: number): Promise<readonly LogMessage[]>
  close(): Promise<void>
}

export interface Assignment {
  /** Grows with each join: a claim is made only in a generation newer than the last one lost. */
  readonly generation: number
  readonly shards: readonly ShardId[]
}

export interface Membership {
  /**
   * The newest assignment once its generation is above `seen` (-1 for the first one); undefined
   * after `leave`. A member that dropped out of the group gets an empty assignment, and joins again
   * by itself.
   */
  next(seen: number): Promise<Assignment | undefined>
  /** Leaves the present generation and joins afresh. */
  rejoin(): Promise<void>
  /** Tells the group how far a shard is: advisory, for lag monitors; the shard's own row decides. */
  commit(shard: ShardId, next: Offset): Promise<void>
  leave(): Promise<void>
}

/** The compacted topic in which workers publish each shard's state for everyone to read. */
export interface StatusBoard {
  put(shard: ShardId, value: string): Promise<void>
  /** The last value of each shard, at most about a second old. */
  read(): Promise<ReadonlyMap<ShardId, string>>
}

/**
 * The compacted topic of desired state, which every process follows: texts by key, where a key's
 * last value counts.
 */
export interface ControlBoard {
  /**
   * Sets a key's value, or removes the key (undefined). Resolves once that is durable, with what a
   * follower's `next` has reached when it knows of it. Rejects with a `LogError`, after which it may
   * stand there all the same.
   */
  put(key: string, value: string | undefined): Promise<Offset>
  /**
   * Tells what stands there, as a whole once it is read to its end, then every change (undefined: the
   * key was removed), through whatever happens to the log, until the follower or the log is closed.
   */
  follow(onEntry: (key: string, value: string | undefined) => void): ControlFollower
}

export interface ControlFollower {
  /** The offset behind the last change that was told. */
  readonly next: Offset
  /** How long ago all was known that stood there then, at most; Infinity before it was read once. */
  readonly ageMs: number
  /** Resolves once all is told that stood there at the call. Rejects with a `LogError`. */
  catchUp(): Promise<void>
  close(): void
}

export type LogErrorCode =
  /** The log does not answer; it may later. */
  | 'unreachable'
  /** The offset asked for is trimmed away or lies past the end. */
  | 'out_of_range'
  /** The log was deleted and made anew: its identity is another. */
  | 'recreated'
  /** A topic is missing or has another number of partitions than there are shards. */
  | 'not_migrated'
  /** Another worker process holds the embedded log. */
  | 'locked'
  | 'closed'

export class LogError extends Error {
  override readonly name = 'LogError'
  readonly code: LogErrorCode

  constructor(code: LogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  get canRetry(): boolean {
    return this.code === 'unreachable'
  }
}

/** A publish that failed. With outcome `unknown` some of the messages may be in the log. */
export class PublishError extends Error {
  override readonly name = 'PublishError'
  readonly outcome: 'none' | 'unknown'

  constructor(outcome: 'none' | 'unknown', message: string, options?: ErrorOptions) {
    super(message, options)
    this.outcome = outcome
  }
}
