import { isKey, maxKeyLength } from '../core/keyed-request.ts'
import { Problem } from './problem.ts'

/** A structured field's string: what would end it early is escaped. */
const quoted = /^"((?:[^"\\]|\\["\\])*)"$/
/** Two headers of one name arrive as one, with a comma and a space between them. */
const bare = /^[^\s",\\]+$/

/**
 * The key of a request that is to take effect once; undefined where it has none. A quoted string, as
 * the IETF's draft has it, or bare, as most clients send it: the same key either way. Throws a Problem.
 */
export function idempotencyKey(headers: Headers): string | undefined {
  const value = headers.get('idempotency-key')?.trim()
  if (value === undefined) return undefined
  const key = quoted.exec(value)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? bare.exec(value)?.[0]
  if (key !== undefined && isKey(key)) return key
  throw new Problem(
    'bad-request',
    `Idempotency-Key must be one key of 1 to ${maxKeyLength} printable ASCII characters: a quoted string, or bare where it has no space, comma, quote or backslash.`,
  )
}
