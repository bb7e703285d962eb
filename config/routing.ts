import { crc32 } from 'node:zlib'
import type { JsonValue, WireObject } from '../core/operation.ts'
import type { ShardRoute } from '../db/types/shard-route.ts'

/**
 * CRC-32 of the property's canonical text, modulo the number of shards. SQL computes the same:
 * `CRC32('7') % 8`. The number 7 and the text "7" are one value, and so on one shard.
 */
export function hash<const Property extends string>(property: Property): ShardRoute<Property> {
  return {
    name: `hash(${property})`,
    properties: [property],
    needsIntegers: false,
    isTotal: true,
    shardOf: (object, shards) => crc32(String(object[property])) % shards,
  }
}

/** An integer modulo the number of shards: `user_id % 8`. */
export function modulo<const Property extends string>(property: Property): ShardRoute<Property> {
  return {
    name: `modulo(${property})`,
    properties: [property],
    needsIntegers: true,
    isTotal: true,
    shardOf(object, shards) {
      const value = object[property]!
      const number = Number(value)
      const remainder = Number.isSafeInteger(number)
        ? number % shards
        : Number(BigInt(value as string) % BigInt(shards))
      return (remainder + shards) % shards
    },
  }
}

/** Where the shard's number stands inside an id. */
export interface BitField {
  /** How many bits are to the right of it. */
  readonly shift: number
  /** How many bits it has, 1 to 31. */
  readonly length: number
}

/** The shard's number is part of the id: `(id >> shift) & ((1 << length) - 1)`. */
export function bits<const Property extends string>(
  property: Property,
  { shift, length }: BitField,
): ShardRoute<Property> {
  const name = `bits(${property}, shift ${shift}, length ${length})`
  return {
    name,
    properties: [property],
    needsIntegers: true,
    isTotal: false,
    problem(shards) {
      const isField = Number.isInteger(shift) && shift >= 0 && Number.isInteger(length)
      if (!isField || length < 1 || length > 31 || shift + length > 64) {
        return `expected a shift from 0 and a length of 1 to 31 within 64 bits, found ${shift} and ${length}`
      }
      if (2 ** length >= shards) return undefined
      return `expected a length that holds ${shards} shards, found ${length} bits for ${2 ** length}`
    },
    shardOf: (object) => {
      const id = BigInt(object[property] as string | number)
      return Number((id >> BigInt(shift)) & ((1n << BigInt(length)) - 1n))
    },
  }
}

/**
 * Ranges of an integer: `bounds` are the first values of the second shard, the third, and so on, in
 * ascending order; one fewer than there are shards.
 */
export function ranges<const Property extends string>(
  property: Property,
  bounds: readonly (bigint | number | string)[],
): ShardRoute<Property> {
  const starts = bounds.map(integerOf)
  return {
    name: `ranges(${property})`,
    properties: [property],
    needsIntegers: true,
    isTotal: true,
    problem(shards) {
      const wrong = starts.indexOf(undefined)
      if (wrong >= 0)
        return `expected integers as bounds, found ${typeof bounds[wrong]} at ${wrong}`
      if (starts.length !== shards - 1) {
        return `expected ${shards - 1} bounds for ${shards} shards, found ${starts.length}`
      }
      const falling = starts.findIndex((start, i) => i > 0 && start! <= starts[i - 1]!)
      return falling < 0
        ? undefined
        : `expected ascending bounds, found ${starts[falling]} behind ${starts[falling - 1]}`
    },
    shardOf(object) {
      const value = BigInt(object[property] as string | number)
      let shard = 0
      let above = starts.length
      while (shard < above) {
        const middle = (shard + above) >> 1
        if (value >= starts[middle]!) shard = middle + 1
        else above = middle
      }
      return shard
    },
  }
}

/** A way of one's own: `shardOf` gets the canonical values of `properties`, and must be pure. */
export function route<const Property extends string>(
  properties: readonly Property[],
  shardOf: (object: Readonly<Record<Property, JsonValue>>, shards: number) => number,
): ShardRoute<Property> {
  return {
    name: `route(${properties.join(', ')})`,
    properties,
    needsIntegers: false,
    isTotal: false,
    shardOf: (object: WireObject, shards) =>
      shardOf(object as Readonly<Record<Property, JsonValue>>, shards),
  }
}

function integerOf(value: bigint | number | string): bigint | undefined {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return undefined
  if (typeof value === 'string' && !/^-?\d+$/.test(value)) return undefined
  return BigInt(value)
}
