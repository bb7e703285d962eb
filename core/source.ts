import type { ObjectType } from './object-type.ts'
import type { Operation } from './operation.ts'
import type { Position } from './position.ts'

/** The message that brought an operation: whose job it is, and which trace it continues. */
export interface Origin {
  readonly job: string
  readonly tenant: string
  /** The W3C trace context from the message's headers, if it had one. */
  readonly traceparent?: string
  readonly tracestate?: string
}

/** One operation as it was read from the log. */
export interface Source {
  readonly operation: Operation
  readonly type: ObjectType
  readonly origin: Origin
  /** Where the next operation stands: the position once this one is settled. */
  readonly end: Position
}
