import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addNumbers, jobState, shardNumbers } from '../../api/job-progress.ts'
import { offset, shardId } from '../../core/position.ts'

const at = (message: number, operation = 0) => ({ offset: offset(message), operation })
const part = (first: number, last: number, operations: number) => ({
  shard: shardId(0),
  first: offset(first),
  last: offset(last),
  operations,
})
const counts = { failed: 2, superseded: 3, cancelled: 0 }

describe('the numbers of one shard', () => {
  test.each([
    ['before the first message all are pending', at(9, 5), 0],
    ['at its start too', at(10), 0],
    ['behind the last message all are settled', at(15), 100],
    ['and far behind', at(99, 3), 100],
  ])('%s, exactly', (_, position, settled) => {
    const { estimated, pending } = shardNumbers(part(10, 14, 100), position)
    expect({ estimated, pending }).toEqual({ estimated: false, pending: 100 - settled })
  })

  test('what failed or was superseded is not applied', () => {
    expect(shardNumbers(part(10, 14, 100), at(15), counts)).toEqual({
      applied: 95,
      superseded: 3,
      cancelled: 0,
      failed: 2,
      pending: 0,
      estimated: false,
    })
  })

  test('inside a single message they are exact', () => {
    const { applied, pending, estimated } = shardNumbers(part(10, 10, 100), at(10, 40), counts)
    expect({ applied, pending, estimated }).toEqual({ applied: 35, pending: 60, estimated: false })
  })

  test('amid several messages they are in proportion, and say so', () => {
    const { applied, pending, estimated } = shardNumbers(part(10, 13, 100), at(12), counts)
    expect({ applied, pending, estimated }).toEqual({ applied: 45, pending: 50, estimated: true })
  })

  test('they always add up, never below what is counted by name, never done before the end', () => {
    const anyCase = fc
      .record({
        first: fc.nat(1000),
        distance: fc.nat(20),
        operations: fc.integer({ min: 1, max: 5000 }),
        message: fc.nat(1100),
        operation: fc.nat(999),
        failed: fc.nat(5),
        superseded: fc.nat(5),
      })
      .filter(({ failed, superseded, operations }) => failed + superseded <= operations)
    fc.assert(
      fc.property(anyCase, ({ first, distance, operations, message, operation, ...named }) => {
        const job = part(first, first + distance, operations)
        const numbers = shardNumbers(job, at(message, operation), { ...named, cancelled: 0 })
        const { applied, failed, superseded, pending } = numbers
        expect(applied + failed + superseded + pending).toBe(operations)
        expect(Math.min(applied, failed, superseded, pending)).toBeGreaterThanOrEqual(0)
        if (message > first + distance) expect(pending).toBe(0)
      }),
    )
  })
})

describe('the state of a job', () => {
  const none = { applied: 0, superseded: 0, cancelled: 0, failed: 0, pending: 0 }

  test.each([
    ['queued', { ...none, pending: 5 }, 0],
    ['running', { ...none, pending: 5, failed: 1 }, 0],
    ['running', { ...none, pending: 5, applied: 1 }, 0],
    ['running', { ...none, applied: 1 }, 4],
    ['running', none, 5],
    ['done', { ...none, applied: 5, superseded: 1 }, 0],
    ['done_with_failures', { ...none, applied: 5, failed: 1 }, 0],
    ['cancelled', { ...none, applied: 5, failed: 1, cancelled: 1 }, 0],
  ])('%s', (state, numbers, unknown) => {
    expect(jobState(numbers, unknown)).toBe(state)
  })

  test('comes from the sum over its shards', () => {
    const one = { applied: 1, superseded: 2, cancelled: 3, failed: 4, pending: 5 }
    expect(addNumbers([one, one])).toEqual({
      applied: 2,
      superseded: 4,
      cancelled: 6,
      failed: 8,
      pending: 10,
    })
  })
})
