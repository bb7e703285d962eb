import { decimal, double, float, real } from 'drizzle-orm/mysql-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codecOf } from '../../db/columns/codec.ts'
import { codec, columnOf, toldOf } from './codec-of.ts'

const price = codec(decimal({ precision: 7, scale: 2 }))

describe('a decimal column', () => {
  it('gives all digits of its scale, so that equal values are equal texts', () => {
    expect(
      ['1', '1.5', '1.50', '1.500', 1, '-0.1', '-0.00', '0'].map((v) => price.accept(v)),
    ).toEqual(['1.00', '1.50', '1.50', '1.50', '1.00', '-0.10', '0.00', '0.00'])
    expect(codec(decimal({ precision: 5 })).accept('7.000')).toBe('7')
  })

  it.each(['123456', '1.234', '01.5', '+1', '1.', '.5', '1e2', ' 1', '', '1,5', 'NaN'])(
    'refuses %j',
    (text) => expect(price.accept(text)).toBeUndefined(),
  )

  it('refuses JSON numbers that may not be exact', () => {
    expect(toldOf(price, 1.5)).toBe(
      'must be sent as a string: a JSON number with a fraction is not exact',
    )
    expect(toldOf(codec(decimal({ precision: 30 })), 1e20)).toBe(
      'is beyond what a JSON number holds exactly (2^53 - 1): send it as a string',
    )
  })

  it('says what it takes', () => {
    expect(toldOf(price, '123456.1')).toBe(
      'must be a decimal number as a string, with at most 5 digits before the point and 2 behind it, not this string',
    )
  })

  it('takes no negative values where it is unsigned, but negative amounts', () => {
    const column = codec(decimal({ precision: 7, scale: 2, unsigned: true }))
    expect(column.accept('-1')).toBeUndefined()
    expect(column.amount?.accept('-1')).toBe('-1.00')
  })

  it('read by its program as a number is limited to what a double holds', () => {
    const column = codec(decimal({ precision: 30, scale: 2, mode: 'number' }))
    expect(column.accept('9007199254740991.00')).toBe('9007199254740991.00')
    expect(column.accept('0.10')).toBe('0.10')
    expect(toldOf(column, '9007199254740993')).toBe(
      "has more digits than a double holds, as which the column's mode number reads it",
    )
  })

  it('read by its program as a bigint has no digits behind the point', () => {
    const whole = codec(decimal({ precision: 30, mode: 'bigint' }))
    expect(whole.accept('123456789012345678901234567890')).toBe('123456789012345678901234567890')
    expect(codecOf(columnOf(decimal({ precision: 5, scale: 2, mode: 'bigint' })))).toEqual({
      unsupported:
        "its mode bigint can't hold the digits behind the point of decimal(5,2): use mode string",
    })
  })

  it('takes the largest there is', () => {
    const widest = codec(decimal({ precision: 65, scale: 30 }))
    const text = `-${'9'.repeat(35)}.${'9'.repeat(30)}`
    expect(widest.accept(text)).toBe(text)
  })

  it('accepts only what fits its precision, and its own canonical texts again', () => {
    const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`))
    fc.assert(
      fc.property(fc.boolean(), digits(8), digits(5), (isNegative, whole, fraction) => {
        const text = `${isNegative ? '-' : ''}${whole}.${fraction}`
        const accepted = price.accept(text)
        if (accepted === undefined) return
        expect(String(accepted)).toMatch(/^-?\d{1,5}\.\d{2}$/)
        expect(Number(accepted)).toBe(Number(text) + 0)
        expect(price.accept(accepted)).toBe(accepted)
      }),
    )
  })

  it('orders as numbers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -9999999, max: 9999999 }),
        fc.integer({ min: -9999999, max: 9999999 }),
        (a, b) => {
          const [left, right] = [a, b].map((cents) => price.accept((cents / 100).toFixed(2))!)
          expect(Math.sign(price.compare!(left!, right!))).toBe(Math.sign(a - b))
        },
      ),
    )
  })
})

describe('a float or double column', () => {
  it('takes finite JSON numbers of its range', () => {
    const column = codec(double())
    expect([0.1, -1.5e300, 5e-324].map((value) => column.accept(value))).toEqual([
      0.1, -1.5e300, 5e-324,
    ])
    expect(Object.is(column.accept(-0), 0)).toBe(true)
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, '1', true, null]) {
      expect(column.accept(value)).toBeUndefined()
    }
    expect(codec(float()).accept(3.5e38)).toBeUndefined()
    expect(codec(float({ unsigned: true })).accept(-1)).toBeUndefined()
  })

  it('has no exact equality, and amounts that do not add up exactly', () => {
    expect(codec(double()).compare).toBeUndefined()
    expect(codec(double()).amount?.isExact).toBe(false)
  })

  it.each([
    [float({ precision: 7, scale: 3 }), 'float(7,3)', 'float'],
    [double({ precision: 7, scale: 3 }), 'double(7,3)', 'double'],
    [real({ precision: 7, scale: 3 }), 'real(7, 3)', 'real'],
  ])('with digits behind the point is refused: %#', (builder, type, name) => {
    expect(codecOf(columnOf(builder))).toEqual({
      unsupported: `its type ${type} makes MySQL round, and how depends on the statement: use decimal, or ${name} without digits`,
    })
  })
})
