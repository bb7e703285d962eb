import { bigint, int, serial, smallint, tinyint, year } from 'drizzle-orm/mysql-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codec, sqlTyped, toldOf } from './codec-of.ts'

describe('an integer column', () => {
  it.each([
    ['tinyint', codec(tinyint()), -128, 127],
    ['tinyint unsigned', codec(tinyint({ unsigned: true })), 0, 255],
    ['smallint', codec(smallint()), -32768, 32767],
    ['int', codec(int()), -2147483648, 2147483647],
    ['int unsigned', codec(int({ unsigned: true })), 0, 4294967295],
  ])(
    '%s takes its range as numbers, and as texts that become numbers',
    (_name, column, min, max) => {
      for (const edge of [min, max]) {
        expect(column.accept(edge)).toBe(edge)
        expect(column.accept(String(edge))).toBe(edge)
      }
      for (const beyond of [min - 1, max + 1]) {
        expect(column.accept(beyond)).toBeUndefined()
        expect(column.accept(String(beyond))).toBeUndefined()
      }
    },
  )

  it.each([
    ['bigint', codec(bigint({ mode: 'bigint' })), -(2n ** 63n), 2n ** 63n - 1n],
    ['bigint unsigned', codec(bigint({ mode: 'bigint', unsigned: true })), 0n, 2n ** 64n - 1n],
    ['bit(64)', codec(sqlTyped('bit(64)')), 0n, 2n ** 64n - 1n],
  ])('%s takes its range as texts to the last digit', (_name, column, min, max) => {
    for (const edge of [min, max]) expect(column.accept(String(edge))).toBe(String(edge))
    for (const beyond of [min - 1n, max + 1n, max * 1000n]) {
      expect(column.accept(String(beyond))).toBeUndefined()
    }
  })

  it('makes 7 and "7" one value', () => {
    const column = codec(bigint({ mode: 'bigint', unsigned: true }))
    expect(column.accept(7)).toBe('7')
    expect(column.accept('7')).toBe('7')
    expect(codec(int()).accept('7')).toBe(7)
    expect(Object.is(codec(int()).accept(-0), 0)).toBe(true)
    expect(column.accept(-0)).toBe('0')
  })

  it.each(['007', '+7', ' 7', '7 ', '-0', '00'])('refuses %j, which is not plain', (text) => {
    const message = 'must be a plain integer, without leading zeros, plus sign or spaces'
    expect(toldOf(codec(bigint({ mode: 'bigint' })), text)).toBe(message)
    expect(toldOf(codec(int()), text)).toBe(message)
  })

  it('refuses numbers that have lost digits', () => {
    const column = codec(bigint({ mode: 'bigint', unsigned: true }))
    expect(column.accept(2 ** 53 - 1)).toBe('9007199254740991')
    expect(toldOf(column, 2 ** 53)).toBe(
      'is beyond what a JSON number holds exactly (2^53 - 1): send it as a string',
    )
  })

  it.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, '1e3', '0x10', '', true, [1], { a: 1 }])(
    'refuses %j',
    (value) => {
      expect(codec(int()).accept(value)).toBeUndefined()
      expect(codec(bigint({ mode: 'bigint' })).accept(value)).toBeUndefined()
    },
  )

  it('says what it takes', () => {
    expect(toldOf(codec(tinyint({ unsigned: true })), 256)).toBe(
      'must be an integer from 0 to 255, not this number',
    )
    expect(toldOf(codec(tinyint({ unsigned: true })), {})).toBe(
      'must be an integer from 0 to 255, not an object',
    )
  })

  it('read by its program as a number is limited to safe ones', () => {
    const column = codec(bigint({ mode: 'number' }))
    expect(column.accept('9007199254740991')).toBe('9007199254740991')
    expect(column.accept('9007199254740992')).toBeUndefined()
    expect(codec(serial()).accept('-1')).toBeUndefined()
  })

  it('takes amounts of either sign, also where it is unsigned', () => {
    const { amount } = codec(int({ unsigned: true }))
    expect(amount?.accept(-4294967295)).toBe(-4294967295)
    expect(amount?.accept(-4294967296)).toBeUndefined()
    expect(amount?.isExact).toBe(true)
    const large = codec(bigint({ mode: 'bigint', unsigned: true })).amount
    expect(large?.accept('-18446744073709551615')).toBe('-18446744073709551615')
  })

  it('accepts exactly the integers of its range, and leaves canonical texts as they are', () => {
    const column = codec(bigint({ mode: 'bigint' }))
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }), (integer) => {
        const isInRange = integer >= -(2n ** 63n) && integer < 2n ** 63n
        expect(column.accept(String(integer))).toBe(isInRange ? String(integer) : undefined)
      }),
    )
  })

  it('orders as numbers', () => {
    const column = codec(bigint({ mode: 'bigint' }))
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), (a, b) => {
        const order = column.compare!(String(a), String(b))
        expect(Math.sign(order)).toBe(a < b ? -1 : a > b ? 1 : 0)
      }),
    )
  })
})

describe('a year column', () => {
  it('takes 1901 to 2155 and 0, and none that MySQL would read as another', () => {
    const column = codec(year())
    expect([0, 1901, 2155, '2026'].map((value) => column.accept(value))).toEqual([
      0, 1901, 2155, 2026,
    ])
    expect([1, 70, 99, 1900, 2156].map((value) => column.accept(value))).toEqual(
      Array(5).fill(undefined),
    )
  })
})

describe('a bit column', () => {
  it('takes unsigned integers of its width, and no amounts', () => {
    const column = codec(sqlTyped('bit(8)'))
    expect(column.accept(255)).toBe(255)
    expect(column.accept(256)).toBeUndefined()
    expect(column.amount).toBeUndefined()
  })
})
