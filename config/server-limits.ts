import { packetOverheadBytes } from '../db/packet.ts'
import type { Config } from './compile-config.ts'

/** What an operation may grow by for MySQL: NULLs for what is absent, a text within JSON for a record. */
const encodingFactor = 2

/**
 * The least `max_allowed_packet` of the shards' servers: an operation may be as large as a message,
 * and is never cut. More makes larger statements, up to what the types and windows allow.
 */
export function requiredPacketBytes({ messages }: Config): number {
  return messages.bytes * encodingFactor + packetOverheadBytes
}
