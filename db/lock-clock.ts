import { setTimeout as wait } from 'node:timers/promises'

/** The time by which a claim waits for a row that another transaction holds. */
export const lockClock = {
  monotonicMs: () => performance.now(),
  sleep: (ms: number) => wait(ms),
}
