import { performance } from 'node:perf_hooks'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../core/clock.ts'

/** The system's clocks; the same on Node, Deno and Bun. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  epochMs: () => Date.now(),
  async sleep(ms, signal) {
    // Timers count in 32 bits; more is cut to a second by all three runtimes.
    const delayMs = Math.min(ms, 2 ** 31 - 1)
    await wait(delayMs, undefined, signal && { signal }).catch(() => {})
  },
  turn: () => turn(),
}
