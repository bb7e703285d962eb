import type { LogMessage } from './log.ts'
import type { Source } from './source.ts'

/** Why an operation failed. The codes are part of the contract with clients. */
export type FailureCode =
  | 'already_exists'
  | 'not_found'
  | 'stale'
  | 'duplicate_value'
  | 'foreign_key'
  | 'check_violation'
  | 'null_value'
  | 'out_of_range'
  | 'too_long'
  | 'invalid_value'
  | 'rejected_by_trigger'
  | 'undecodable'
  | 'idempotency_key_reused'
  | 'failure_gone'
  | 'rejected'

/** Given by the values of an object's own row, whatever the rows of other objects are. */
const codesOfValues: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'null_value',
  'out_of_range',
  'too_long',
  'invalid_value',
  'check_violation',
])

export function isOfValues({ code }: RowFailure): boolean {
  return codesOfValues.has(code)
}

/** Given by an object's key, by what is stored under it. */
const codesOfKeys: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'already_exists',
  'not_found',
  'stale',
])

export function isOfKey({ code }: RowFailure): boolean {
  return codesOfKeys.has(code)
}

const codesOfRequests: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'idempotency_key_reused',
  'failure_gone',
])

/** Says nothing about the environment that the operation met: its key decided, or its request. */
export function isOfHistory(failure: RowFailure): boolean {
  return isOfKey(failure) || codesOfRequests.has(failure.code)
}

/** A verdict on one operation. The message says what, and never carries the row's values. */
export interface RowFailure {
  readonly code: FailureCode
  readonly message: string
}

export interface FailedOperation {
  readonly source: Source
  readonly failure: RowFailure
}

/** A message that can't be decoded; it is kept raw. */
export interface UndecodableMessage {
  readonly offset: number
  readonly bytes: Uint8Array
  readonly reason: string
  readonly traceparent?: string
}

/** What is kept of a message that can't be read. */
export function undecodable(message: LogMessage, reason: string): UndecodableMessage {
  const { offset, bytes, headers } = message
  const { traceparent } = headers
  return { offset, bytes, reason, ...(traceparent && { traceparent }) }
}
