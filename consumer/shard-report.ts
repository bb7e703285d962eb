import type { Clock } from '../core/clock.ts'
import type { Headroom } from '../core/log.ts'
import type { Offset, Position } from '../core/position.ts'
import type { ShardReason, ShardStatus } from '../core/shard-status.ts'

/** Rates are told over about this many seconds. */
const rateSeconds = 10

interface SecondOfWork {
  readonly second: number
  statements: number
  operations: number
  messages: number
}

/** What decides which operations run. */
export interface Control {
  /** How far it was read. */
  readonly next: Offset
  /** Has the shards' statuses published now. */
  tell(): void
}

/** Gathers what a partition does, and tells it as the shard's status. */
export class ShardReport {
  readonly #clock: Clock
  readonly #fixed: Pick<ShardStatus, 'shard' | 'owner' | 'logId' | 'statementsPerSecond'>
  readonly #startedAtMs: number
  /** How much more the log takes; undefined where nobody tells. */
  headroom: Headroom | undefined
  /** Why the log can't be trimmed behind the shard. */
  trimProblem: string | undefined
  #seconds: SecondOfWork[] = []
  #reason: ShardReason = 'starting'
  #detail: string | undefined
  #claim = 0
  #position: Position | undefined
  #messagesPerStatement = 1
  readonly #control: Control
  /** While a window is in the database: how far control was read when it was decided. */
  #decidedAt: Offset | undefined

  constructor(
    clock: Clock,
    fixed: Pick<ShardStatus, 'shard' | 'owner' | 'logId' | 'statementsPerSecond'>,
    control: Control,
  ) {
    this.#control = control
    this.#clock = clock
    this.#fixed = fixed
    this.#startedAtMs = clock.monotonicMs()
  }

  get reason(): ShardReason {
    return this.#reason
  }

  /** What runs from now on is decided by what control says now. */
  decides(): void {
    this.#decidedAt = this.#control.next
  }

  /** Nothing runs any more that was decided before. */
  decided(): void {
    const isLate = this.#decidedAt !== undefined && this.#decidedAt < this.#control.next
    this.#decidedAt = undefined
    if (isLate) this.#control.tell()
  }

  claimed(claim: number, position: Position): void {
    this.#decidedAt = undefined
    this.#claim = claim
    this.#position = position
  }

  get detail(): string | undefined {
    return this.#detail
  }

  /** Where the shard stands; undefined before the first claim. */
  get position(): Position | undefined {
    return this.#position
  }

  /** The shard was found elsewhere than its windows left it. */
  movedTo(position: Position): void {
    this.#position = position
  }

  /** Why the shard moves as it does from now on. */
  because(reason: ShardReason, detail?: string): void {
    this.#reason = reason
    this.#detail = detail
  }

  /** A window was settled. */
  applied(position: Position, statements: number, operations: number): void {
    const messages = position.offset - (this.#position?.offset ?? position.offset)
    this.#position = position
    const second = this.#second()
    let current = this.#seconds.at(-1)
    if (current?.second !== second) {
      current = { second, statements: 0, operations: 0, messages: 0 }
      this.#seconds.push(current)
      this.#seconds = this.#seconds.filter((work) => work.second > second - rateSeconds)
    }
    current.statements += statements
    current.operations += operations
    current.messages += messages
  }

  /** The status to publish; undefined before the first claim. */
  status(): ShardStatus | undefined {
    if (!this.#position) return undefined
    const first = this.#second() - rateSeconds + 1
    const recent = this.#seconds.filter((work) => work.second >= first)
    // The second that runs counts as far as it has come.
    const sinceMs = Math.max(first * 1000, this.#startedAtMs)
    const seconds = Math.max(1, (this.#clock.monotonicMs() - sinceMs) / 1000)
    const statements = sum(recent, 'statements')
    const messages = sum(recent, 'messages')
    if (statements > 0 && messages > 0) this.#messagesPerStatement = messages / statements
    return {
      version: 1,
      ...this.#fixed,
      claim: this.#claim,
      position: this.#position,
      reason: this.#reason,
      ...(this.#detail !== undefined && { detail: this.#detail }),
      statementRate: statements / seconds,
      operationRate: sum(recent, 'operations') / seconds,
      messagesPerStatement: this.#messagesPerStatement,
      ...(this.headroom && { headroom: this.headroom }),
      ...(this.trimProblem !== undefined && { trimProblem: this.trimProblem }),
      controlOffset: this.#decidedAt ?? this.#control.next,
      updatedAtMs: this.#clock.epochMs(),
    }
  }

  /**
   * What to publish before the first claim: the last worker's word on where the shard stands, and
   * what keeps this one from it.
   */
  statusAfter(last: ShardStatus): ShardStatus {
    const { detail: _, ...stands } = last
    return {
      ...stands,
      ...this.#fixed,
      logId: last.logId,
      reason: this.#reason,
      ...(this.#detail !== undefined && { detail: this.#detail }),
      statementRate: 0,
      operationRate: 0,
      updatedAtMs: this.#clock.epochMs(),
    }
  }

  #second(): number {
    return Math.floor(this.#clock.monotonicMs() / 1000)
  }
}

function sum(
  work: readonly SecondOfWork[],
  field: 'statements' | 'operations' | 'messages',
): number {
  return work.reduce((total, second) => total + second[field], 0)
}
