import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson } from '../../api/json.ts'
import { diagnoseJson } from '../../api/json-diagnosis.ts'

const maxDepth = 8
const parse = (text: string) => parseJson(new TextEncoder().encode(text), maxDepth)

describe('where a text is refused', () => {
  test.each([
    ['{"a":1,', 'it ends where a name in double quotes is expected, at character 7'],
    ['{"a":[1,2', 'it ends where a comma or ] is expected, at character 9'],
    ['{"a":"b', 'a string that does not end well begins at character 5'],
    ['{"a"', 'it ends where a colon is expected, at character 4'],
    ['  ', 'it ends where a value is expected, at character 2'],
    ['{"a":NaN}', 'a value is expected at character 5'],
    ['{"a":01}', 'a value is expected at character 5'],
    ['{a:1}', 'a name in double quotes is expected at character 1'],
    ['[1,]', 'a value is expected at character 3'],
    ['{"a":1 "b":2}', 'a comma or } is expected at character 7'],
    ['{} x', 'something follows the value at character 3'],
    ['["tab\t"]', 'a string that does not end well begins at character 1'],
    ['["\\x"]', 'a string that does not end well begins at character 1'],
    ['[1e400]', 'a number is beyond what a double holds at character 1'],
    ['{"a":1,"a":1}', '"a" stands twice in one object, at character 7'],
    ['{"a":1,"\\u0061":1}', '"a" stands twice in one object, at character 7'],
    ['{"":1,"b":[{"":1,"":2}]}', '"" stands twice in one object, at character 17'],
    ['[[[[[[[[[]]]]]]]]]', 'more than 8 containers stand inside one another at character 8'],
  ])('%s', (text, message) => {
    expect(() => parse(text)).toThrow(`The body can't be read as JSON: ${message}.`)
  })
})

test('names that objects inherit are names like others', () => {
  const parsed = parse('{"__proto__":{"x":1},"constructor":2,"toString":3}') as object
  expect(Object.keys(parsed)).toEqual(['__proto__', 'constructor', 'toString'])
  expect(() => parse('{"__proto__":1,"__proto__":1}')).toThrow('"__proto__" stands twice')
})

test('quotes and backslashes inside strings are counted as what they are', () => {
  for (const value of ['"', '\\', '\\"', '\\\\"', '"\\', '\u2028"', 'ü"ü', '""""""', '\\u0022']) {
    expect(parse(JSON.stringify({ [value]: [value] }))).toEqual({ [value]: [value] })
  }
})

const jsonText = fc
  .jsonValue({ maxDepth: 4, noUnicodeString: false })
  .chain((value) => fc.constantFrom(JSON.stringify(value), JSON.stringify(value, null, 2)))

test('reads just what JSON.parse reads, where no name stands twice', () => {
  fc.assert(
    fc.property(jsonText, (text) => {
      expect(parse(text)).toEqual(JSON.parse(text))
    }),
  )
})

test('refuses what JSON.parse refuses, and always knows where', () => {
  const damaged = fc
    .tuple(
      jsonText,
      fc.nat(),
      fc.nat(3),
      fc.constantFrom('', '"', '\\', ',', '}', '[', '0', '-', 'e'),
    )
    .map(([text, at, removed, added]) => {
      const place = at % (text.length + 1)
      return text.slice(0, place) + added + text.slice(place + removed)
    })
  fc.assert(
    fc.property(damaged, (text) => {
      const { message, position } = diagnoseJson(text, 100)
      // Beside them, only what JSON.parse would change silently is refused.
      if (reads(text)) expect(message).toMatch(/^nothing is wrong|twice|beyond/)
      else expect(message).not.toMatch(/^nothing is wrong/)
      expect(position).toBeLessThanOrEqual(text.length)
    }),
    { numRuns: 2000 },
  )
})

function reads(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

test('finds a name that stands twice wherever it is', () => {
  const twice = fc
    .tuple(fc.jsonValue({ maxDepth: 2 }), fc.string({ unit: 'binary' }), fc.nat(3))
    .map(([value, name, depth]) => {
      const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`
      return `${'[{"x":'.repeat(depth)}{${member},"other\\"":[],${member}}${'}]'.repeat(depth)}`
    })
  fc.assert(
    fc.property(twice, (text) => {
      fc.pre(!text.includes('"other\\"":[],"other\\"'))
      expect(() => parseJson(new TextEncoder().encode(text), 100)).toThrow('stands twice')
    }),
  )
})

test('a text is read whatever its place in memory', () => {
  const text = new TextEncoder().encode('xxx{"a":"b","c":["\\"d"]}')
  for (let start = 0; start < 4; start++) {
    const padded = new Uint8Array(text.length + start)
    padded.set(text.subarray(3), start)
    expect(parseJson(padded.subarray(start, start + text.length - 3), maxDepth)).toEqual({
      a: 'b',
      c: ['"d'],
    })
  }
})
