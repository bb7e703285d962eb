import { boolean, json } from 'drizzle-orm/mysql-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maxJsonDepth } from '../../db/columns/json.ts'
import { codec, toldOf } from './codec-of.ts'

const column = codec(json())
const nested = (depth: number) => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)

const { anyJson } = fc.letrec((tie) => ({
  anyJson: fc.oneof(
    { maxDepth: 6 },
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.boolean(),
      fc.integer(),
      fc.double({ min: -1, max: 1, noNaN: true }),
    ),
    fc.array(fc.oneof(tie('anyJson'), fc.constant(null))),
    fc.dictionary(fc.string(), tie('anyJson')),
  ),
}))

describe('a json column', () => {
  it('takes any JSON as it is', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(column.accept(value)).toBe(value)
      }),
    )
    expect(column.accept(JSON.parse('{"__proto__":{"a":1}}'))).toHaveProperty('__proto__')
  })

  it('refuses nesting that would make MySQL refuse the whole statement', () => {
    expect(toldOf(column, nested(maxJsonDepth))).toBe('accepted')
    expect(toldOf(column, nested(maxJsonDepth + 1))).toBe('is nested more than 64 deep')
    expect(toldOf(column, nested(10_000))).toBe('is nested more than 64 deep')
  })

  it('refuses what would arrive as something else', () => {
    expect(toldOf(column, JSON.parse('{"a":[1e400]}'))).toBe(
      'holds a number that is too large for a double',
    )
    expect(toldOf(column, JSON.parse('{"a":9007199254740993}'))).toBe(
      'holds an integer beyond 2^53 - 1, which lost digits on its way: send it as a string',
    )
    expect(toldOf(column, JSON.parse('["\\ud800"]'))).toBe(
      'holds half of a surrogate pair, which is no character',
    )
    expect(toldOf(column, JSON.parse('{"\\udc00":1}'))).toBe(
      'holds half of a surrogate pair, which is no character',
    )
    expect(toldOf(column, { ['k'.repeat(65_536)]: 1 })).toBe(
      'holds a name of more than 65535 bytes',
    )
  })

  it('takes doubles that are written with an exponent', () => {
    expect(column.accept(1e300)).toBe(1e300)
    expect(column.accept(1.5e-7)).toBe(1.5e-7)
  })
})

describe('a boolean column', () => {
  it('takes true and false only', () => {
    expect([true, false].map((value) => codec(boolean()).accept(value))).toEqual([true, false])
    expect(toldOf(codec(boolean()), 1)).toBe('must be true or false, not this number')
  })
})
