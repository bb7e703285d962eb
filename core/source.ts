import type { KeyedRequest } from './keyed-request.ts'
import type { ObjectType } from './object-type.ts'
import type { Operation } from './operation.ts'
import type { Position } from './position.ts'

/** The message that brought an operation: whose job it is, and which trace it continues. */
export interface Origin {
  readonly job: string
  readonly tenant: string
  /** The job whose failed operations the message sends again, under their own indexes. */
  readonly retryOf?: string
  /** The W3C trace context from the message's headers, if it had one. */
  readonly traceparent?: string
  readonly tracestate?: string
  /** Where its request takes effect once, however often it is in the log. */
  readonly keyed?: KeyedRequest
}

/** One operation as it was read from the log. */
export interface Source {
  readonly operation: Operation
  readonly type: ObjectType
  readonly origin: Origin
  /** Where the next operation stands: the position once this one is settled. */
  readonly end: Position
}
