import type { Clock } from '../core/clock.ts'
import type { TokenBucket } from '../core/token-bucket.ts'
import { chargePermits, returnPermits, takePermits, tokenBucket } from '../core/token-bucket.ts'

/** What a shard bears, per second; Infinity is no limit. */
export interface ShardRates {
  readonly statementsPerSecond: number
  readonly rowsPerSecond: number
}

/** Holds windows back until a shard's rates let them through. */
export class Throttle {
  readonly #clock: Clock
  #statements: TokenBucket
  #rows: TokenBucket

  constructor(rates: ShardRates, clock: Clock) {
    this.#clock = clock
    this.#statements = tokenBucket(rates.statementsPerSecond)
    this.#rows = tokenBucket(rates.rowsPerSecond)
  }

  /** Pays for a window and waits until it may run; resolves early when the signal aborts. */
  async pay(statements: number, rows: number, signal: AbortSignal): Promise<void> {
    // What only moves the position asks nothing of the tables, so no debt holds it back.
    if (statements === 0) return
    const nowMs = this.#clock.monotonicMs()
    const forStatements = takePermits(this.#statements, statements, nowMs)
    const forRows = takePermits(this.#rows, rows, nowMs)
    this.#statements = forStatements.bucket
    this.#rows = forRows.bucket
    const waitMs = Math.max(forStatements.waitMs, forRows.waitMs)
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal)
  }

  /** Books what is run beyond what was paid for, to isolate bad rows. The next window waits for it. */
  charge(statements: number, rows: number): void {
    const nowMs = this.#clock.monotonicMs()
    this.#statements = chargePermits(this.#statements, statements, nowMs)
    this.#rows = chargePermits(this.#rows, rows, nowMs)
  }

  /** Gives back what was paid for and never sent. */
  giveBack(statements: number, rows: number): void {
    this.#statements = returnPermits(this.#statements, statements)
    this.#rows = returnPermits(this.#rows, rows)
  }
}
