import type { Clock } from '../core/clock.ts'
import { type Log, LogError } from '../core/log.ts'
import { type Offset, type Position, samePosition } from '../core/position.ts'
import type { ShardSession } from '../core/shard-store.ts'

/** An idle shard is looked at this often: restored to an earlier state, it has work again. */
const lookEveryMs = 10_000

/** Finds out of an idle shard what its next window would have, if one came. */
export class IdleLook {
  readonly #session: ShardSession
  readonly #log: Log
  readonly #clock: Clock
  #lookedMs = 0
  /** Where the shard stood when the log was last seen to hold more than was brought. */
  #behindAt: Position | undefined

  constructor(session: ShardSession, log: Log, clock: Clock) {
    this.#session = session
    this.#log = log
    this.#clock = clock
  }

  /**
   * Where the shard stands, `known` unless it is time to look. Rejects with a `StoreError`, or with a
   * `LogError` if the log holds what its reader does not bring.
   */
  async look(known: Position): Promise<Position | 'lost'> {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#lookedMs < lookEveryMs) return known
    this.#lookedMs = nowMs
    const position = await this.#session.look()
    if (position !== 'lost' && samePosition(position, known)) await this.#demandEnd(known)
    return position
  }

  /** Once may be chance: what was just written is on its way. */
  async #demandEnd(position: Position): Promise<void> {
    const { next } = await this.#log.bounds(this.#session.shard)
    const wasBehind = this.#behindAt !== undefined && samePosition(this.#behindAt, position)
    this.#behindAt = next > position.offset ? position : undefined
    if (this.#behindAt && wasBehind) throw notBrought(position, next)
  }
}

function notBrought({ offset: from }: Position, next: Offset): LogError {
  return new LogError(
    'out_of_range',
    `the message at offset ${from} is to come next, but the log, which ends at ${next}, has not brought it for ${lookEveryMs / 1000} s: it lost messages, or was read wrongly. It is read anew when the shard looks again`,
  )
}
