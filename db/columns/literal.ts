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
  if (typeof value === 'object') return refused(value)
  return quoted(String(value))
}

function quoted(text: string): string {
  return special.test(text) ? `'${text.replace(allSpecial, escaped)}'` : `'${text}'`
}

/**
 * An array or an object where a text or a number belongs: no client gets that far. Made a text it
 * would be stored, so MySQL is asked for the error that it gives for one in a JSON parameter.
 */
function refused(value: JsonValue): string {
  const json = quoted(JSON.stringify([value]))
  return `(SELECT value FROM JSON_TABLE(${json}, '$[*]' COLUMNS (value TEXT PATH '$' ERROR ON ERROR)) AS scalar)`
}

function escaped(character: string): string {
  return character === '\0' ? '\\0' : `\\${character}`
}

const plainNumber = /^-?\d+(?:\.\d+)?$/

/** Exact numbers, which travel as numbers or as plain decimal texts. */
export function numberLiteral(value: JsonValue): string {
  if (typeof value === 'number') return String(value)
  // What else it may be, MySQL refuses as the value of a numeric column.
  return typeof value === 'string' && plainNumber.test(value) ? value : textLiteral(value)
}

export function booleanLiteral(value: JsonValue): string {
  return value === true ? '1' : value === false ? '0' : textLiteral(value)
}

/** JSON columns take JSON as a text. */
export function jsonLiteral(value: JsonValue): string {
  return quoted(JSON.stringify(value))
}

/** Date-times without the Z that MySQL does not take: the session's time zone is UTC. */
export function dateTimeLiteral(value: JsonValue): string {
  return textLiteral(typeof value === 'string' ? value.replace(/Z$/, '') : value)
}

/** Bytes, which travel as base64. */
export function bytesLiteral(value: JsonValue): string {
  if (typeof value === 'object') return refused(value)
  return `x'${Buffer.from(String(value), 'base64').toString('hex')}'`
}
