import { type UndecodableMessage, undecodable } from '../core/failure.ts'
import type { Log, LogMessage } from '../core/log.ts'
import type { Offset, Position, ShardId } from '../core/position.ts'
import { comparePositions } from '../core/position.ts'
import { type CountedMessage, lookAtMessage } from './look-at-message.ts'
import { type RepairContext, RepairRefused } from './repair-context.ts'

/** What lies between two positions of a partition, as far as the log still holds it. */
export interface Stretch {
  readonly messages: number
  readonly operations: number
  /** Those of requests with an Idempotency-Key and of retries, of which a copy is dropped. */
  readonly once: number
  readonly jobs: ReadonlyMap<string, JobStretch>
  /** Messages whose operations nobody can count. */
  readonly unreadable: readonly UndecodableMessage[]
}

/** What of a job lies in a stretch. */
export interface JobStretch {
  readonly operations: number
  /** Indexes, from the lowest to the highest, of those of which a copy would be applied again. */
  readonly applicable: { readonly first: number; readonly last: number } | undefined
}

type Context = Pick<RepairContext, 'log' | 'types' | 'checksum'>

/** What is recorded by name must fit into one transaction, and into memory. */
const maxJobs = 100_000
const maxUnreadable = 100
const pulledMessages = 200
/** The log holds the stretch, so its messages come at once. */
const pullWaitMs = 10_000

/** Reads a stretch, `from` and `to` within the log's bounds. Rejects with a `LogError`. */
export async function readStretch(
  context: Context,
  shard: ShardId,
  from: Position,
  to: Position,
): Promise<Stretch> {
  const tally = new Tally(from, to, context)
  if (comparePositions(from, to) >= 0) return tally
  for await (const message of messagesFrom(context.log, shard, from.offset, lastOffsetOf(to))) {
    tally.add(message)
  }
  return tally
}

/** The message at an offset; undefined if the log holds none there. */
export async function readMessage(
  log: Log,
  shard: ShardId,
  at: Offset,
): Promise<LogMessage | undefined> {
  for await (const message of messagesFrom(log, shard, at, at)) {
    return message.offset === at ? message : undefined
  }
  return undefined
}

async function* messagesFrom(
  log: Log,
  shard: ShardId,
  first: number,
  last: number,
): AsyncGenerator<LogMessage> {
  const reader = await log.open(shard, first as Offset)
  try {
    for (let next = first; next <= last; ) {
      const messages = await reader.pull(pulledMessages, pullWaitMs)
      if (messages.length === 0) {
        throw new RepairRefused(
          `the log brought no message of shard ${shard} at offset ${next} within ${pullWaitMs / 1000} s. Look at its brokers or its disk, then run the command again`,
        )
      }
      for (const message of messages) {
        if (message.offset > last) return
        yield message
        next = message.offset + 1
      }
    }
  } finally {
    await reader.close()
  }
}

function lastOffsetOf({ offset, operation }: Position): number {
  return operation > 0 ? offset : offset - 1
}

class Tally implements Stretch {
  messages = 0
  operations = 0
  once = 0
  readonly jobs = new Map<string, JobStretch>()
  readonly unreadable: UndecodableMessage[] = []
  readonly #from: Position
  readonly #to: Position
  readonly #context: Context

  constructor(from: Position, to: Position, context: Context) {
    this.#from = from
    this.#to = to
    this.#context = context
  }

  add(message: LogMessage): void {
    this.messages++
    const { unreadable, counted } = lookAtMessage(message, this.#context)
    // What has an unknown type alone is somebody's, and counts there.
    if (counted) this.#count(message, counted)
    else this.#keep(message, unreadable!)
  }

  #count({ offset }: LogMessage, { job, indexes, isOnce }: CountedMessage): void {
    const begin = offset === this.#from.offset ? this.#from.operation : 0
    const end = offset === this.#to.offset ? this.#to.operation : indexes.length
    const between = indexes.slice(begin, end)
    if (between.length === 0) return
    this.operations += between.length
    if (isOnce) this.once += between.length
    this.jobs.set(job, withOperations(this.jobs.get(job), between, isOnce))
    if (this.jobs.size > maxJobs) throw tooMuch(`operations of more than ${maxJobs} jobs`, offset)
  }

  #keep(message: LogMessage, reason: string): void {
    if (this.unreadable.length === maxUnreadable) {
      throw tooMuch(`more than ${maxUnreadable} messages that can't be read`, message.offset)
    }
    this.unreadable.push(undecodable(message, reason))
  }
}

function withOperations(
  { operations, applicable }: JobStretch = { operations: 0, applicable: undefined },
  indexes: readonly number[],
  isOnce: boolean,
): JobStretch {
  const ends = applicable ? [applicable.first, applicable.last] : []
  const all = isOnce ? ends : [...ends, ...indexes]
  return {
    operations: operations + indexes.length,
    applicable: all.length > 0 ? { first: Math.min(...all), last: Math.max(...all) } : undefined,
  }
}

function tooMuch(what: string, at: Offset): RepairRefused {
  return new RepairRefused(
    `there are ${what} between here and offset ${at}, more than one transaction should record: go in steps`,
  )
}
