import { Buffer } from 'node:buffer'
import type { OutgoingMessage } from '../core/log.ts'

/** A message's payload, at most; the batching of requests keeps to it. */
export const maxPayloadBytes = 256 * 1024
/** A message's headers, names and values together: trace context, a request's key, a retry's job. */
export const maxHeaderBytes = 8 * 1024

/** Says what is wrong with messages that no log takes; undefined if nothing is. */
export function misfit(
  messages: readonly OutgoingMessage[],
  partitions: number,
): string | undefined {
  for (const { shard, bytes, headers } of messages) {
    // Some clients would write past the last partition silently: modulo.
    if (!Number.isInteger(shard) || shard < 0 || shard >= partitions) {
      return `there is no shard ${shard}, the log has ${partitions}`
    }
    if (bytes.byteLength > maxPayloadBytes) {
      return `a message of ${bytes.byteLength} bytes is above the limit of ${maxPayloadBytes}`
    }
    const size = headerBytes(headers)
    if (size > maxHeaderBytes) {
      return `a message's headers of ${size} bytes are above the limit of ${maxHeaderBytes}`
    }
  }
  return undefined
}

/** The bytes of headers in UTF-8. */
export function headerBytes(headers: OutgoingMessage['headers']): number {
  let size = 0
  for (const name in headers) size += Buffer.byteLength(name) + Buffer.byteLength(headers[name]!)
  return size
}
