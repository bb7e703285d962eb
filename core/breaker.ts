/**
 * The two-timeouts breaker of one shard. One timeout may be chance; two in a row mean that the shard
 * is in trouble: alert, leave it alone for the configured wait, then probe with one small window.
 */
export type Breaker =
  | { readonly state: 'closed'; readonly timeouts: number }
  | { readonly state: 'open'; readonly untilMs: number }
  | { readonly state: 'probing' }

const timeoutsToTrip = 2

export const closedBreaker: Breaker = { state: 'closed', timeouts: 0 }

/** After a window timed out. A probe that times out opens the breaker again at once. */
export function onTimeout(breaker: Breaker, nowMs: number, waitMs: number): Breaker {
  const timeouts = breaker.state === 'closed' ? breaker.timeouts + 1 : timeoutsToTrip
  return timeouts < timeoutsToTrip
    ? { state: 'closed', timeouts }
    : { state: 'open', untilMs: nowMs + waitMs }
}

/** After a window was applied. */
export function onApplied(): Breaker {
  return closedBreaker
}

/** Before a window: how long to wait, and the breaker that then holds. */
export function beforeWindow(
  breaker: Breaker,
  nowMs: number,
): { readonly breaker: Breaker; readonly waitMs: number } {
  if (breaker.state !== 'open') return { breaker, waitMs: 0 }
  return { breaker: { state: 'probing' }, waitMs: Math.max(0, breaker.untilMs - nowMs) }
}
