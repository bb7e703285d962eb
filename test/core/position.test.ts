import { describe, expect, it } from 'vitest'
import type { Position } from '../../core/position.ts'
import { comparePositions, offset, samePosition } from '../../core/position.ts'

const at = (message: number, operation: number): Position => ({
  offset: offset(message),
  operation,
})

describe('positions', () => {
  it('are in the order of messages, then of operations in them', () => {
    const inOrder = [at(0, 0), at(0, 7), at(1, 0), at(9, 1), at(10, 0), at(2 ** 53 - 1, 999)]
    expect([...inOrder].reverse().sort(comparePositions)).toEqual(inOrder)
  })

  it('are the same only in both', () => {
    expect(samePosition(at(3, 1), at(3, 1))).toBe(true)
    expect(samePosition(at(3, 1), at(3, 2))).toBe(false)
    expect(samePosition(at(3, 1), at(4, 1))).toBe(false)
  })
})
