import type { Breaker } from '../core/breaker.ts'
import { beforeWindow, closedBreaker, onApplied, onTimeout } from '../core/breaker.ts'
import type { Clock } from '../core/clock.ts'
import type { PlanLimits } from '../core/plan.ts'
import type { WindowSize } from '../core/window-limits.ts'
import { fullWindow, halved, planLimits, regrown } from '../core/window-limits.ts'

/** How much a shard is asked for, by how it took what it was asked for before. */
export class ShardHealth {
  readonly #clock: Clock
  readonly #breakerWaitMs: number
  #breaker: Breaker = closedBreaker
  #size: WindowSize = fullWindow

  constructor(clock: Clock, breakerWaitMs: number) {
    this.#clock = clock
    this.#breakerWaitMs = breakerWaitMs
  }

  /** The shard timed out. True if that tripped its breaker, false if it is counted or was open. */
  timedOut(): boolean {
    const wasClosed = this.#breaker.state === 'closed'
    this.#breaker = onTimeout(this.#breaker, this.#clock.monotonicMs(), this.#breakerWaitMs)
    return wasClosed && this.#breaker.state === 'open'
  }

  /** A window of so many operations was too much for one transaction. */
  shrink(operations: number): void {
    this.#size = halved(this.#size, operations)
  }

  applied(): void {
    this.#breaker = onApplied()
    this.#size = regrown(this.#size)
  }

  /** How long to leave the shard alone before the next window; after that it is a probe. */
  waitMs(): number {
    return beforeWindow(this.#breaker, this.#clock.monotonicMs()).waitMs
  }

  limits(statements: number): PlanLimits {
    this.#breaker = beforeWindow(this.#breaker, this.#clock.monotonicMs()).breaker
    return planLimits(statements, this.#size, this.#breaker.state === 'probing')
  }
}
