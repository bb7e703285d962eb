import type { WireObject } from '../../core/operation.ts'

/** The way from an object to its shard. Config files make one with `hash`, `modulo`, `bits` … */
export interface ShardRoute<Property extends string = string> {
  /** What shows in messages: `hash(userId)`. */
  readonly name: string
  /** The properties that it looks at, the type's shard key. */
  readonly properties: readonly Property[]
  /** Whether it computes with integers, so that the columns must be of an integer type. */
  readonly needsIntegers: boolean
  /** Whether every object has a shard; else each operation is checked as it comes in. */
  readonly isTotal: boolean
  /** What in the route contradicts the number of shards; undefined if nothing does. */
  problem?(shards: number): string | undefined
  /** The shard of a validated object: an integer from 0 to `shards`, exclusive, where there is one. */
  shardOf(object: WireObject, shards: number): number
}
