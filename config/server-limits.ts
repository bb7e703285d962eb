import type { Config } from './compile-config.ts'

/** What must fit through the servers that the config does not decide about. */

/** Trace context, batch and record headers around a message. */
const envelopeBytes = 4 * 1024

/** The least `max.message.bytes` of a topic that carries the config's messages. */
export function requiredTopicBytes({ messages }: Config): number {
  return messages.bytes + envelopeBytes
}

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

/** Undefined if a topic's limit suffices. */
export function topicProblem(config: Config, topic: string, found: number): string | undefined {
  const expected = requiredTopicBytes(config)
  if (found >= expected) return undefined
  return (
    `topic ${topic}: expected max.message.bytes of at least ${expected} for messages of` +
    ` ${config.messages.bytes} bytes, found ${found}: raise it, or lower messages.bytes`
  )
}
