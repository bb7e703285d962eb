import type { FailureCode, RowFailure } from '../core/failure.ts'
import { StoreError, type StoreErrorAction } from '../core/shard-store.ts'

/** What is used of an error by MySQL (with a number) or by its client (with a code alone). */
export interface MysqlError extends Error {
  readonly errno?: number
  readonly code?: string
  readonly sqlState?: string
  readonly sqlMessage?: string
  readonly fatal?: boolean
}

/**
 * Errors that a row's values cause. MySQL undoes the statement and keeps the transaction, so that
 * only these may be followed by ROLLBACK TO SAVEPOINT.
 */
const rowFailures: Readonly<Record<number, FailureCode>> = {
  1048: 'null_value',
  1062: 'duplicate_value',
  1216: 'foreign_key',
  1217: 'foreign_key',
  1264: 'out_of_range',
  1265: 'invalid_value',
  1292: 'invalid_value',
  1366: 'invalid_value',
  1406: 'too_long',
  1451: 'foreign_key',
  1452: 'foreign_key',
  1526: 'out_of_range',
  1644: 'rejected_by_trigger',
  1690: 'out_of_range',
  3105: 'invalid_value',
  3140: 'invalid_value',
  3156: 'invalid_value',
  3157: 'invalid_value',
  3666: 'invalid_value',
  3819: 'check_violation',
}

type Action = Exclude<StoreErrorAction, 'unclear' | 'fenced' | 'unknown'>

const errorsByAction: Readonly<Record<Action, readonly (number | string)[]>> = {
  // A deadlock; a conflict within a replication group.
  retry: [1213, 3101],
  // A lock wait ran out; the statement was killed or took too long.
  timeout: [1205, 1317, 3024],
  // No connection, thread, memory or disk left; the host blocked for a while.
  back_off: [1040, 1203, 1226, 1129, 1135, 1021, 1026, 1030, 1037, 1038, 1041, 1114],
  // This server does not take writes, or is going away; the connection is gone.
  reconnect: [
    ...[1290, 1792, 1836, 3032, 1053, 1927, 3169, 4031, 2006, 2013, 1152, 1158, 1159, 1160, 1161],
    ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
    ...['EHOSTDOWN', 'ENETDOWN', 'ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL', 'ECONNABORTED'],
    ...['PROTOCOL_CONNECTION_LOST', 'PROTOCOL_SEQUENCE_TIMEOUT', 'PROTOCOL_PACKETS_OUT_OF_ORDER'],
  ],
  // The tables, the grants or the statements are not what they should be.
  stop: [
    ...[1044, 1045, 1049, 1054, 1064, 1136, 1142, 1143, 1146, 1153, 1227, 1267, 1364, 1370, 1419],
    ...[1698, 1862, 3118, 'ER_NOT_SUPPORTED_AUTH_MODE', 'HANDSHAKE_SSL_ERROR'],
  ],
}

const actions = new Map(
  Object.entries(errorsByAction).flatMap(([action, codes]) =>
    codes.map((code) => [code, action as Action] as const),
  ),
)

/** A row failure, if the error is one. Its message names columns and keys, never values. */
export function rowFailureOf(error: unknown): RowFailure | undefined {
  const { errno } = error as MysqlError
  const code = errno === undefined ? undefined : rowFailures[errno]
  return code && { code, message: describe(code, error as MysqlError) }
}

/** Any other error, with what to do about it. `doing` says what was tried. */
export function storeErrorOf(error: unknown, doing: string): StoreError {
  if (error instanceof StoreError) return error
  const { errno, code, fatal, message } = error as MysqlError
  if (errno === undefined && code === undefined && !fatal) {
    return new StoreError('unknown', 'UNEXPECTED', `${doing}: ${message}`, { cause: error })
  }
  const action =
    actions.get(errno ?? '') ?? actions.get(code ?? '') ?? (fatal ? 'reconnect' : 'unknown')
  const name = code ?? (errno === undefined ? 'UNKNOWN' : String(errno))
  return new StoreError(action, name, `${doing}: ${explain(action, name, error as MysqlError)}`)
}

function explain(action: Action | 'unknown', name: string, error: MysqlError): string {
  const named = namedIn(error)
  // Errors of the operating system have negative numbers.
  const isByMysql = (error.errno ?? 0) > 0
  const what = isByMysql ? `MySQL error ${error.errno} ${name}` : `MySQL client error ${name}`
  const where = named === undefined ? what : `${what} (${named})`
  switch (action) {
    case 'stop':
      return `${where}; the tables or grants are not as expected: run npm run migrate, or undo the change`
    case 'reconnect':
      return isByMysql ? where : `the connection failed (${name})`
    default:
      return where
  }
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
  for (const [pattern, kind] of namePatterns) {
    const name = pattern.exec(sqlMessage)?.[1]
    if (name !== undefined) return `${kind} ${name}`
  }
  return undefined
}

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
