import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bits, hash, modulo, ranges, route } from '../../config/routing.ts'

const anyId = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(String)
const anyCount = fc.integer({ min: 1, max: 1000 })

describe('hash', () => {
  it('is CRC-32 of the text modulo the shards, as SQL has it', () => {
    const shardOf = (id: string | number) => hash('id').shardOf({ id }, 8)
    // SELECT CRC32('7') % 8, CRC32('42') % 8, CRC32('äöü') % 8
    expect([shardOf('7'), shardOf('42'), shardOf('äöü')]).toEqual([2, 0, 7])
    expect(shardOf(7)).toBe(shardOf('7'))
  })
})

describe('modulo', () => {
  it('is never negative, and exact beyond 2^53', () => {
    fc.assert(
      fc.property(anyId, anyCount, (id, count) => {
        const n = BigInt(count)
        const expected = Number(((BigInt(id) % n) + n) % n)
        expect(modulo('id').shardOf({ id }, count)).toBe(expected)
      }),
    )
    expect(modulo('id').shardOf({ id: -1 }, 8)).toBe(7)
  })
})

describe('bits', () => {
  it('reads the shard out of the id', () => {
    // Pinterest's ids: 16 bits shard, 10 bits type, 36 bits local id.
    const shard = bits('id', { shift: 46, length: 16 })
    expect(shard.shardOf({ id: '241294492511762325' }, 4096)).toBe(3429)
    expect(shard.isTotal).toBe(false)
  })

  it.each([
    [{ shift: 0, length: 3 }, undefined],
    [
      { shift: 62, length: 3 },
      'expected a shift from 0 and a length of 1 to 31 within 64 bits, found 62 and 3',
    ],
    [
      { shift: -1, length: 3 },
      'expected a shift from 0 and a length of 1 to 31 within 64 bits, found -1 and 3',
    ],
    [{ shift: 0, length: 2 }, 'expected a length that holds 8 shards, found 2 bits for 4'],
  ])('of %j', (field, problem) => {
    expect(bits('id', field).problem!(8)).toBe(problem)
  })
})

describe('ranges', () => {
  it('begin at their bounds', () => {
    const shard = ranges('id', [100, '200', 18446744073709551615n])
    const of = (id: string | number) => shard.shardOf({ id }, 4)
    expect([-5, 99, 100, 199, 200, '18446744073709551614', '18446744073709551615'].map(of)).toEqual(
      [0, 0, 1, 1, 2, 2, 3],
    )
    expect(shard.problem!(4)).toBeUndefined()
  })

  it.each([
    [[1, 2], 'expected 3 bounds for 4 shards, found 2'],
    [[1, 3, 2], 'expected ascending bounds, found 2 behind 3'],
    [[1, 2, 2 ** 60], 'expected integers as bounds, found number at 2'],
    [[1, 'b', 3], 'expected integers as bounds, found string at 1'],
  ])('with the bounds %j contradict', (bounds, problem) => {
    expect(ranges('id', bounds).problem!(4)).toBe(problem)
  })
})

describe('route', () => {
  it('is a way of one’s own over several properties', () => {
    const shard = route(['region', 'id'], ({ region, id }) =>
      region === 'eu' ? 0 : Number(id) % 2,
    )
    expect(shard.properties).toEqual(['region', 'id'])
    expect(shard.shardOf({ region: 'us', id: 3 }, 2)).toBe(1)
  })
})

it('every total way leads to one of the shards', () => {
  fc.assert(
    fc.property(anyId, anyCount, (id, count) => {
      const bounds = Array.from({ length: count - 1 }, (_, i) => i)
      for (const way of [hash('id'), modulo('id'), ranges('id', bounds)]) {
        expect(way.isTotal).toBe(true)
        const shard = way.shardOf({ id }, count)
        expect(Number.isInteger(shard) && shard >= 0 && shard < count).toBe(true)
      }
    }),
  )
})
