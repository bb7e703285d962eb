import { Buffer } from 'node:buffer'
import type { JsonValue } from '../../core/operation.ts'
import type { ColumnCodec } from './column.ts'
import { jsonLiteral } from './literal.ts'

/**
 * Containers inside one another. MySQL refuses a document deeper than 100 (error 3157), and with it
 * the whole statement's parameter, in which the value stands a few levels down.
 */
export const maxJsonDepth = 64
/** MySQL's limit on a member's name (error 3151, again for the whole parameter). */
const maxNameBytes = 65_535

/** JSON: any value that MySQL stores without changing it. Null is NULL. */
export function jsonCodec(): ColumnCodec {
  return {
    expected: 'JSON',
    accept: (value) => (jsonProblem(value) === undefined ? (value as JsonValue) : undefined),
    explain: (value) => jsonProblem(value),
    form: 'JSON',
    jsonType: 'JSON',
    literal: jsonLiteral,
  }
}

/** Why a parsed JSON value can't be kept exactly; undefined if it can. */
export function jsonProblem(value: unknown, depth = 0): string | undefined {
  switch (typeof value) {
    case 'string':
      return stringProblem(value)
    case 'number':
      return numberProblem(value)
    case 'boolean':
      return undefined
    case 'object':
      return value === null ? undefined : containerProblem(value, depth + 1)
    default:
      return 'must be JSON'
  }
}

function containerProblem(value: object, depth: number): string | undefined {
  if (depth > maxJsonDepth) return `is nested more than ${maxJsonDepth} deep`
  if (Array.isArray(value)) {
    for (const item of value) {
      const problem = jsonProblem(item, depth)
      if (problem) return problem
    }
    return undefined
  }
  for (const name of Object.keys(value)) {
    const problem =
      stringProblem(name) ??
      nameProblem(name) ??
      jsonProblem((value as Record<string, unknown>)[name], depth)
    if (problem) return problem
  }
  return undefined
}

function stringProblem(text: string): string | undefined {
  if (text.isWellFormed()) return undefined
  return 'holds half of a surrogate pair, which is no character'
}

function nameProblem(name: string): string | undefined {
  if (name.length * 3 <= maxNameBytes || Buffer.byteLength(name) <= maxNameBytes) return undefined
  return `holds a name of more than ${maxNameBytes} bytes`
}

/** From here on JavaScript writes numbers with an exponent, which MySQL reads as doubles too. */
const exponentFrom = 1e21

function numberProblem(number: number): string | undefined {
  if (!Number.isFinite(number)) return 'holds a number that is too large for a double'
  if (
    Math.abs(number) < exponentFrom &&
    Number.isInteger(number) &&
    !Number.isSafeInteger(number)
  ) {
    return 'holds an integer beyond 2^53 - 1, which lost digits on its way: send it as a string'
  }
  return undefined
}
