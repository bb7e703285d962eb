import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../core/clock.ts'

/**
 * A clock that stands still until a test moves it. `runFor` and `runUntil` make it virtual time: all
 * that needs no time runs, then the clock jumps to the next sleeper's moment, and so on.
 */
export class ManualClock implements Clock {
  #nowMs = 0
  readonly #sleepers = new Set<{ readonly untilMs: number; readonly wake: () => void }>()
  /** Told of every sleep. */
  onSleep: ((ms: number) => void) | undefined

  monotonicMs(): number {
    return this.#nowMs
  }

  epochMs(): number {
    return Date.UTC(2026, 10, 23) + this.#nowMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.onSleep?.(ms)
    if (signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        this.#sleepers.delete(sleeper)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const sleeper = { untilMs: this.#nowMs + ms, wake }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', wake)
    })
  }

  async turn(): Promise<void> {}

  get sleepers(): number {
    return this.#sleepers.size
  }

  advance(ms: number): void {
    this.#nowMs += ms
    for (const sleeper of [...this.#sleepers]) if (sleeper.untilMs <= this.#nowMs) sleeper.wake()
  }

  /** Lets time pass until a condition holds; fails if it still does not after `limitMs`. */
  async runUntil(isDone: () => boolean, limitMs = 600_000): Promise<void> {
    const endMs = this.#nowMs + limitMs
    while (!(await this.#settledWith(isDone))) {
      const nextMs = this.#nextMs()
      if (nextMs > endMs) throw new Error(`not within ${limitMs} ms: ${isDone}`)
      this.advance(nextMs - this.#nowMs)
    }
  }

  /** Lets so much time pass, sleeper by sleeper. */
  async runFor(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    for (;;) {
      await nextTurn()
      const nextMs = this.#nextMs()
      if (nextMs > endMs) break
      this.advance(nextMs - this.#nowMs)
    }
    this.advance(endMs - this.#nowMs)
    await nextTurn()
  }

  /** Lets time pass until a promise settles, and gives its value. */
  async run<T>(work: Promise<T>): Promise<T> {
    let settled = false
    const done = () => {
      settled = true
    }
    work.then(done, done)
    await this.runUntil(() => settled)
    return work
  }

  /** A turn of the event loop lets all promises run that wait for no time. */
  async #settledWith(isDone: () => boolean): Promise<boolean> {
    await nextTurn()
    return isDone()
  }

  #nextMs(): number {
    let nextMs = Number.POSITIVE_INFINITY
    for (const { untilMs } of this.#sleepers) nextMs = Math.min(nextMs, untilMs)
    return nextMs
  }
}
