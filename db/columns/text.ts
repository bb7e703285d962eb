import { Buffer } from 'node:buffer'
import type { JsonValue } from '../../core/operation.ts'
import { exactCollation } from '../schema.ts'
import type { ColumnCodec } from './column.ts'
import { textLiteral } from './literal.ts'
import { compareCodePoints } from './order.ts'
import type { SqlType } from './sql-type.ts'

/**
 * TEXT, so that MySQL names the true row of a value that is too long (declared VARCHAR it says
 * "row 1"). The collation lets a key's index be used, and compares shard keys exactly; any other one
 * gives full scans or "illegal mix of collations".
 */
const collation = `CHARACTER SET utf8mb4 COLLATE ${exactCollation}`
const maxTextBytes = 65_535

const textBytes: Readonly<Record<string, number>> = {
  tinytext: 255,
  text: maxTextBytes,
  mediumtext: 16_777_215,
  longtext: 4_294_967_295,
}

/** VARCHAR(n) and CHAR(n): n counts characters, that is code points. */
export function charCodec(type: SqlType, allowed: readonly string[] | undefined): ColumnCodec {
  const max = type.sizes[0] ?? 1
  const isPadded = type.name === 'char'
  return {
    ...stringRules(`a string of at most ${max} characters`, accept, allowed, (value) => {
      const characters = countCharacters(isPadded ? withoutPadding(value) : value)
      if (characters > max) return `has ${characters} characters, at most ${max} fit`
      return undefined
    }),
    form: isPadded ? 'text without trailing spaces' : 'text',
    jsonType: `TEXT ${collation}`,
    literal: textLiteral,
    compare: compareCodePoints,
  }

  function accept(value: unknown): string | undefined {
    if (typeof value !== 'string') return undefined
    const text = isPadded ? withoutPadding(value) : value
    const fits = text.length <= max || (text.length <= max * 2 && countCharacters(text) <= max)
    return fits && text.isWellFormed() ? text : undefined
  }
}

/** TINYTEXT to LONGTEXT: their sizes count bytes. They can't be keys, since no index holds them whole. */
export function textCodec(type: SqlType, allowed: readonly string[] | undefined): ColumnCodec {
  const max = textBytes[type.name]!
  return {
    ...stringRules(`a string of at most ${max} bytes in UTF-8`, accept, allowed, (value) => {
      const bytes = Buffer.byteLength(value)
      return bytes > max ? `has ${bytes} bytes in UTF-8, at most ${max} fit` : undefined
    }),
    form: 'text',
    jsonType: `${max <= maxTextBytes ? 'TEXT' : 'LONGTEXT'} ${collation}`,
    literal: textLiteral,
  }

  function accept(value: unknown): string | undefined {
    if (typeof value !== 'string') return undefined
    // Three bytes are the most that one UTF-16 unit needs.
    const fits = value.length * 3 <= max || Buffer.byteLength(value) <= max
    return fits && value.isWellFormed() ? value : undefined
  }
}

/** ENUM: exactly one of its values. MySQL orders them as they are declared. */
export function enumCodec(values: readonly string[]): ColumnCodec {
  const places = new Map(values.map((value, place) => [value, place]))
  return {
    ...oneOf(values),
    form: 'text',
    jsonType: `TEXT ${collation}`,
    literal: textLiteral,
    compare: (a, b) => places.get(String(a))! - places.get(String(b))!,
  }
}

/** SET: some of its members, joined by commas. Canonical is their order of declaration, each once. */
export function setCodec(members: readonly string[]): ColumnCodec {
  const places = new Map(members.map((member, place) => [member, place]))
  const named = oneOf(members).expected.replace(/^one of /, '')
  return {
    expected: `a string of members joined by commas, each one of ${named}`,
    accept(value) {
      if (typeof value !== 'string') return undefined
      if (value === '') return value
      const given = new Set(value.split(','))
      if (![...given].every((member) => places.has(member))) return undefined
      return [...given].sort((a, b) => places.get(a)! - places.get(b)!).join(',')
    },
    form: `set of ${members.join(',')}`,
    jsonType: `TEXT ${collation}`,
    literal: textLiteral,
  }
}

type AcceptText = (value: unknown) => string | undefined

/** A string column that Drizzle declares with `enum` takes only those of its values that fit. */
function stringRules(
  expected: string,
  accept: AcceptText,
  allowed: readonly string[] | undefined,
  explainLength: (value: string) => string | undefined,
): Pick<ColumnCodec, 'expected' | 'accept' | 'explain'> {
  if (allowed?.length) return oneOf(allowed.filter((value) => accept(value) === value))
  return {
    expected,
    accept,
    explain(value) {
      if (typeof value !== 'string') return undefined
      if (!value.isWellFormed()) return 'has half of a surrogate pair, which is no character'
      return explainLength(value)
    },
  }
}

/** Values of an enum that an error names; there may be hundreds. */
const maxNamed = 20

function oneOf(values: readonly string[]): Pick<ColumnCodec, 'expected' | 'accept'> {
  const allowed: ReadonlySet<JsonValue> = new Set(values)
  const named = values.slice(0, maxNamed).map((value) => JSON.stringify(value))
  const more = values.length - named.length
  return {
    expected: `one of ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
    accept: (value) => (typeof value === 'string' && allowed.has(value) ? value : undefined),
  }
}

/** CHAR loses trailing spaces, also those beyond its length. */
function withoutPadding(text: string): string {
  return text.endsWith(' ') ? text.replace(/ +$/, '') : text
}

/** Characters as MySQL's utf8mb4 counts them. */
function countCharacters(text: string): number {
  let pairs = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0xd800 && unit <= 0xdbff) {
      pairs++
      i++
    }
  }
  return text.length - pairs
}
