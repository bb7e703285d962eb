import type { OperationKind, WireObject } from '../../core/operation.ts'

/** An operation as a client sends it, of whichever type. */
export interface WriteOperation {
  readonly type: string
  readonly op: OperationKind
  readonly object: WireObject
  readonly by?: WireObject
}
