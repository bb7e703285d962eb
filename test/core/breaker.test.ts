import { describe, expect, it } from 'vitest'
import type { Breaker } from '../../core/breaker.ts'
import { beforeWindow, closedBreaker, onApplied, onTimeout } from '../../core/breaker.ts'

const waitMs = 30_000

describe('the breaker', () => {
  it('lets one timeout pass', () => {
    const once = onTimeout(closedBreaker, 1000, waitMs)
    expect(once.state).toBe('closed')
    expect(beforeWindow(once, 1000)).toEqual({ breaker: once, waitMs: 0 })
  })

  it('opens at the second timeout in a row, for the configured wait', () => {
    const open = onTimeout(onTimeout(closedBreaker, 1000, waitMs), 2000, waitMs)
    expect(open).toEqual({ state: 'open', untilMs: 32_000 })
    expect(beforeWindow(open, 2500)).toEqual({ breaker: { state: 'probing' }, waitMs: 29_500 })
  })

  it('does not add up timeouts between which a window was applied', () => {
    let breaker: Breaker = closedBreaker
    for (let i = 0; i < 5; i++) {
      breaker = onTimeout(breaker, i, waitMs)
      expect(breaker.state).toBe('closed')
      breaker = onApplied()
    }
  })

  it('probes at once when the wait is over already', () => {
    const open: Breaker = { state: 'open', untilMs: 100 }
    expect(beforeWindow(open, 5000)).toEqual({ breaker: { state: 'probing' }, waitMs: 0 })
  })

  it('opens again when the probe times out, and closes when it applies', () => {
    const { breaker: probing } = beforeWindow({ state: 'open', untilMs: 0 }, 0)
    expect(beforeWindow(probing, 0)).toEqual({ breaker: probing, waitMs: 0 })
    expect(onTimeout(probing, 7000, waitMs)).toEqual({ state: 'open', untilMs: 37_000 })
    expect(onApplied()).toEqual(closedBreaker)
    expect(onTimeout(onApplied(), 8000, waitMs).state).toBe('closed')
  })
})
