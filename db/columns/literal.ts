import { Buffer } from 'node:buffer'
import type { JsonValue } from '../../core/operation.ts'

/**
 * SQL literals for values as a statement's parameter would carry them. They stand in the text of an
 * INSERT, so whatever comes here is text that can't end its own quotes: a message may be written by
 * anybody who may write to the log. The session's sql_mode, which is set and checked at each
 * connect, leaves the backslash its meaning.
 */
export type Literal = (value: JsonValue) => string

/** Characters that would end a quoted text, or that a tool could take for the statement's end. */
const special = /['\\\0]/
const allSpecial = /['\\\0]/g

export function textLiteral(value: JsonValue): string {
  const text = String(value)
  return special.test(text) ? `'${text.replace(allSpecial, escaped)}'` : `'${text}'`
}

function escaped(character: string): string {
  return character === '\0' ? '\\0' : `\\${character}`
}

const plainNumber = /^-?\d+(?:\.\d+)?$/

/** Exact numbers, which travel as numbers or as plain decimal texts. */
export function numberLiteral(value: JsonValue): string {
  if (typeof value === 'number') return String(value)
  const text = String(value)
  // What else it may be, MySQL refuses as the value of a numeric column.
  return plainNumber.test(text) ? text : textLiteral(text)
}

export function booleanLiteral(value: JsonValue): string {
  return value === true ? '1' : value === false ? '0' : textLiteral(value)
}

/** JSON columns take JSON as a text. */
export function jsonLiteral(value: JsonValue): string {
  return textLiteral(JSON.stringify(value))
}

/** Date-times without the Z that MySQL does not take: the session's time zone is UTC. */
export function dateTimeLiteral(value: JsonValue): string {
  return textLiteral(String(value).replace(/Z$/, ''))
}

/** Bytes, which travel as base64. */
export function bytesLiteral(value: JsonValue): string {
  return `x'${Buffer.from(String(value), 'base64').toString('hex')}'`
}
