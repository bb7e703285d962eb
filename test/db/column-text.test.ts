import { char, longtext, mysqlEnum, text, tinytext, varchar } from 'drizzle-orm/mysql-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codec, sqlTyped, toldOf } from './codec-of.ts'

describe('a varchar column', () => {
  const column = codec(varchar({ length: 3 }))

  it('counts characters, not UTF-16 units or bytes', () => {
    for (const fits of ['', 'abc', 'äöü', '𝄞𝄞𝄞', 'a\0b', 'ab '])
      expect(column.accept(fits)).toBe(fits)
    expect(toldOf(column, '𝄞𝄞𝄞𝄞')).toBe('has 4 characters, at most 3 fit')
    expect(toldOf(column, 'abcd')).toBe('has 4 characters, at most 3 fit')
  })

  it('refuses what is no text', () => {
    expect(toldOf(column, '\ud800')).toBe('has half of a surrogate pair, which is no character')
    expect(toldOf(column, 7)).toBe('must be a string of at most 3 characters, not this number')
    expect(toldOf(column, ['a'])).toBe('must be a string of at most 3 characters, not an array')
  })

  it('takes only the values that its program declares, where it does', () => {
    const declared = codec(varchar({ length: 9, enum: ['draft', 'live'] }))
    expect(declared.accept('live')).toBe('live')
    expect(toldOf(declared, 'gone')).toBe('must be one of "draft", "live", not this string')
  })

  it('accepts exactly well-formed texts of at most its length', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'ä', '𝄞', '\ud834'), maxLength: 5 }),
        (value) => {
          const fits = value.isWellFormed() && [...value].length <= 3
          expect(column.accept(value)).toBe(fits ? value : undefined)
        },
      ),
    )
  })
})

describe('a char column', () => {
  it('loses trailing spaces, as MySQL does, before it counts', () => {
    const column = codec(char({ length: 3 }))
    expect(['ab', 'ab ', 'ab      ', '   '].map((value) => column.accept(value))).toEqual([
      'ab',
      'ab',
      'ab',
      '',
    ])
    expect(toldOf(column, 'abcd  ')).toBe('has 4 characters, at most 3 fit')
  })
})

describe('a text column', () => {
  it('counts bytes', () => {
    const column = codec(tinytext())
    expect(column.accept('ä'.repeat(127))).toBe('ä'.repeat(127))
    expect(toldOf(column, 'ä'.repeat(128))).toBe('has 256 bytes in UTF-8, at most 255 fit')
    expect(codec(text()).accept('x'.repeat(65_536))).toBeUndefined()
    expect(codec(longtext()).accept('x'.repeat(65_536))).toHaveLength(65_536)
  })
})

describe('an enum column', () => {
  const column = codec(mysqlEnum(['small', 'large', 'huge']))

  it('takes its values to the letter', () => {
    expect(column.accept('large')).toBe('large')
    for (const value of ['Large', 'large ', '1', 1, ''])
      expect(column.accept(value)).toBeUndefined()
  })

  it('orders them as they are declared', () => {
    expect(['huge', 'small', 'large'].sort(column.compare)).toEqual(['small', 'large', 'huge'])
  })

  it('names twenty of them at most', () => {
    const values = Array.from({ length: 25 }, (_, i) => `v${i}`) as [string, ...string[]]
    expect(toldOf(codec(mysqlEnum(values)), 'x')).toMatch(/"v19" and 5 more, not this string$/)
  })
})

describe('an enum or a set of a custom type', () => {
  it('takes its members, however they are quoted', () => {
    const one = codec(sqlTyped("enum('a', 'it''s', 'x)y,z')"))
    expect(['a', "it's", 'x)y,z'].map((value) => one.accept(value))).toEqual(['a', "it's", 'x)y,z'])
    expect(toldOf(one, 'A')).toBe('must be one of "a", "it\'s", "x)y,z", not this string')
  })

  it('gives members in the order of their declaration, each once', () => {
    const some = codec(sqlTyped("set('b','a','é')"))
    expect(['', 'a,b', 'é,b,é', 'a'].map((value) => some.accept(value))).toEqual([
      '',
      'b,a',
      'b,é',
      'a',
    ])
    expect(some.compare).toBeUndefined()
    expect(toldOf(some, 'a,c')).toBe(
      'must be a string of members joined by commas, each one of "b", "a", "é", not this string',
    )
  })
})
