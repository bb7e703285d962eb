import { describe, expect, it } from 'vitest'
import type { WindowSize } from '../../core/window-limits.ts'
import {
  defaultMaxWindowStatements,
  fullWindow,
  halved,
  planLimits,
  probeOperations,
  regrown,
  windowStatements,
} from '../../core/window-limits.ts'

describe('a window’s limits', () => {
  it.each([
    [0.5, 1],
    [9.9, 1],
    [20, 2],
    [29, 2],
    [30, 3],
    [79, 7],
    [80, 8],
    [700, 8],
    [Number.POSITIVE_INFINITY, 8],
  ])('at %d statements per second: %d statements', (rate, statements) => {
    expect(windowStatements(rate, defaultMaxWindowStatements)).toBe(statements)
  })

  it('halve from what the last window held down to one operation', () => {
    const sizes: number[] = []
    let size: WindowSize = fullWindow
    for (let last = 1000; sizes.at(-1) !== 1; last = size.operations) {
      size = halved(size, last)
      sizes.push(size.operations)
    }
    expect(sizes).toEqual([500, 250, 125, 62, 31, 15, 7, 3, 1])
    expect(halved(size, 1).operations).toBe(1)
  })

  it('halve what a window was allowed where it held less for another reason', () => {
    expect(halved({ operations: 100 }, 10).operations).toBe(5)
    expect(halved({ operations: 10 }, 100).operations).toBe(5)
  })

  it('double with each window that applies, and end at the full window', () => {
    const sizes: number[] = []
    let size: WindowSize = { operations: 1 }
    while (size !== fullWindow) {
      sizes.push(size.operations)
      size = regrown(size)
    }
    expect(sizes).toEqual(Array.from({ length: 14 }, (_, doublings) => 2 ** doublings))
    expect(regrown(fullWindow)).toBe(fullWindow)
  })

  it('let a probe be small, and no larger than the window that timed out was halved to', () => {
    expect(planLimits(8, fullWindow, true)).toEqual({ statements: 8, operations: probeOperations })
    expect(planLimits(8, { operations: 3 }, true)).toEqual({ statements: 8, operations: 3 })
    expect(planLimits(8, fullWindow, false)).toEqual({ statements: 8, operations: Infinity })
  })
})
