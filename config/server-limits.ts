import type { Config } from './compile-config.ts'

/** Encoding for MySQL may lengthen values: flags, NULLs for what is absent, escapes. */
const encodingFactor = 2
const statementTextBytes = 64 * 1024

/**
 * The least `max_allowed_packet` of a shard's server: one statement's parameter may hold all rows
 * that were pulled at once.
 */
export function requiredPacketBytes({ messages, shards }: Config, shard: number): number {
  const { pullSize } = shards.limits[shard]!
  return messages.bytes * pullSize * encodingFactor + statementTextBytes
}
