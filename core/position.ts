declare const brand: unique symbol

/** A shard's number, which is its partition's number. */
export type ShardId = number & { readonly [brand]: 'ShardId' }

/** A message's offset in its partition; a safe integer, which adapters check. */
export type Offset = number & { readonly [brand]: 'Offset' }

export const shardId = (value: number): ShardId => value as ShardId
export const offset = (value: number): Offset => value as Offset

/** Where a shard's next operation stands: a message, and an operation inside it. */
export interface Position {
  readonly offset: Offset
  /** How many operations of that message are applied already. */
  readonly operation: number
}

/** Where a message begins. */
export function startOf(message: Offset): Position {
  return { offset: message, operation: 0 }
}

/** Behind a message's last operation stands the next message. */
export function behind(message: Offset): Position {
  return startOf(offset(message + 1))
}

export function comparePositions(a: Position, b: Position): number {
  return a.offset - b.offset || a.operation - b.operation
}

export function samePosition(a: Position, b: Position): boolean {
  return comparePositions(a, b) === 0
}
