import type { FailureCode, RowFailure } from '../core/failure.ts'
import { StoreError, type StoreErrorAction } from '../core/shard-store.ts'
import { type OtherErrors, otherErrors } from './other-errors.ts'
import { rowErrors } from './row-errors.ts'

/** What is used of an error by MySQL (with a number) or by its client (with a code alone). */
export interface MysqlError extends Error {
  readonly errno?: number
  readonly code?: string
  readonly sqlState?: string
  readonly sqlMessage?: string
  readonly fatal?: boolean
}

const failureCodes = new Map(
  rowErrors.flatMap(({ failure, errors }) =>
    numbersOf(errors).map((errno) => [errno, failure] as const),
  ),
)

const known = new Map<number | string, OtherErrors>(
  otherErrors.flatMap((kind) =>
    [...numbersOf(kind.errors ?? {}), ...(kind.client ?? [])].map((code) => [code, kind] as const),
  ),
)

function numbersOf(errors: Readonly<Record<number, string>>): number[] {
  return Object.keys(errors).map(Number)
}

/** A row failure, if the error is one. Its message names columns and keys, never values. */
export function rowFailureOf(error: unknown): RowFailure | undefined {
  const { errno } = error as MysqlError
  const code = failureCodes.get(errno ?? 0)
  return code && { code, message: describe(code, error as MysqlError) }
}

/** Any other error, with what to do about it. `doing` says what was tried. */
export function storeErrorOf(error: unknown, doing: string): StoreError {
  if (error instanceof StoreError) return error
  const { errno, code, fatal } = error as MysqlError
  if (errno === undefined && code === undefined && !fatal) {
    // Not MySQL's but ours, and its message may hold a value.
    const what = `an unexpected ${(error as Error).name}`
    return new StoreError('unknown', 'UNEXPECTED', `${doing}: ${what}`, { cause: error })
  }
  const kind = known.get(errno ?? '') ?? known.get(code ?? '')
  const action = kind?.action ?? (fatal ? 'reconnect' : 'unknown')
  const name = code ?? (errno === undefined ? 'UNKNOWN' : String(errno))
  return new StoreError(
    action,
    name,
    `${doing}: ${explain(action, name, error as MysqlError, kind)}`,
  )
}

function explain(
  action: StoreErrorAction,
  name: string,
  error: MysqlError,
  kind: OtherErrors | undefined,
): string {
  // Errors of the operating system have negative numbers.
  const isByMysql = (error.errno ?? 0) > 0
  if (action === 'reconnect' && !isByMysql) return `the connection failed (${name})`
  const named = namedIn(error)
  const what = isByMysql ? `MySQL error ${error.errno} ${name}` : `MySQL client error ${name}`
  const where = named === undefined ? what : `${what} (${named})`
  const why = kind ? `${where}: ${kind.why}` : where
  return kind?.remedy === undefined ? why : `${why}; ${kind.remedy}`
}

const descriptions: Partial<Record<FailureCode, string>> = {
  null_value: 'a value is missing',
  duplicate_value: 'another object has this value already',
  foreign_key: 'a foreign key forbids it',
  check_violation: 'a check forbids it',
  out_of_range: 'a value is out of range',
  too_long: 'a value is too long',
  invalid_value: 'a value is not valid',
  rejected_by_trigger: 'a trigger rejected it',
}

function describe(code: FailureCode, error: MysqlError): string {
  const named = namedIn(error)
  return named === undefined ? descriptions[code]! : `${descriptions[code]}: ${named}`
}

/**
 * The column, key or constraint that MySQL's message names. Values stand in the same messages, in
 * the same quotes, so only the ends of the messages are looked at, where names alone stand.
 */
function namedIn({ errno, sqlMessage, sqlState }: MysqlError): string | undefined {
  if (sqlMessage === undefined) return undefined
  // The text is the trigger's own, and may hold anything.
  if (errno === 1644) return `SQLSTATE ${sqlState}`
  const [, verbs, what] = deniedPattern.exec(sqlMessage) ?? []
  if (verbs !== undefined) return `${verbs} on ${what!.replaceAll("'", '')}`
  for (const [pattern, kind] of namePatterns) {
    const name = pattern.exec(sqlMessage)?.[1]
    if (name !== undefined) return `${kind} ${name}`
  }
  return undefined
}

/** The account that is named between is nobody's business. */
const deniedPattern =
  /^([A-Z]+(?:, [A-Z]+)*) command denied to user .* for ((?:column '[^']+' in )?table '[^']+')$/

const namePatterns: readonly (readonly [RegExp, string])[] = [
  [/for key '([^']+)'$/, 'key'],
  [/^Column '([^']+)' cannot be null$/, 'column'],
  [/(?:for|from) column '?([^' ]+)'? at row \d+$/, 'column'],
  [/^Data truncated for column '([^']+)'/, 'column'],
  [/ in the scalar JSON_TABLE column '([^']+)'$/, 'column'],
  [/^Check constraint '([^']+)' is violated\.$/, 'check'],
  [
    /^Cannot (?:add or update a child|delete or update a parent) row: .*CONSTRAINT `([^`]+)`/,
    'constraint',
  ],
  [/^Unknown column '([^']+)' in /, 'column'],
  [/^Field '([^']+)' doesn't have a default value$/, 'column'],
  [/^Table '([^']+)' doesn't exist$/, 'table'],
  [/^Unknown database '([^']+)'$/, 'database'],
]

/** The column that a 1048 or a 1366 names. */
export function columnOf(error: MysqlError): string | undefined {
  const named = namedIn(error)
  return named?.startsWith('column ') ? named.slice('column '.length) : undefined
}

/** The key that a 1062 names, `table.key`. */
export function keyOf(error: MysqlError): string | undefined {
  const named = namedIn(error)
  return named?.startsWith('key ') ? named.slice('key '.length) : undefined
}
