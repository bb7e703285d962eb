/** What a client asks for: one write of one object. */

export const operationKinds = ['create', 'upsert', 'update', 'increment', 'delete'] as const
export type OperationKind = (typeof operationKinds)[number]

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }

/**
 * An object's values by property name, canonical: 64-bit integers and decimals as plain decimal
 * strings, date-times in UTC, binary as base64, so that equal values are equal texts.
 */
export interface WireObject {
  readonly [property: string]: JsonValue
}

/** One validated operation. `index` is its place in its request. */
export interface Operation {
  readonly index: number
  readonly type: string
  readonly kind: OperationKind
  readonly object: WireObject
  /** The amounts of an increment, by property. */
  readonly by?: WireObject
}
