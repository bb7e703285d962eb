import type { MessageBody } from './message-body.ts'
import { decodeBody, encodeBody } from './message-body.ts'
import type { Operation } from './operation.ts'

/**
 * A message's bytes: the CRC-32 of all that follows it (big-endian), one version byte, then the body
 * in UTF-8. The checksum comes first in every version and covers the version byte: a flipped one
 * must not pass for a newer message.
 */
export const messageVersion = 2
const checksumBytes = 4
export const messageHeaderBytes = checksumBytes + 1

/** CRC-32 (the zlib polynomial) of some bytes, unsigned. Every runtime has one built in. */
export type Checksum = (bytes: Uint8Array) => number

export interface Message {
  readonly job: string
  readonly tenant: string
  readonly operations: readonly Operation[]
}

/** The header of messages that send failed operations again: the job that they failed in. */
export const retryHeader = 'sluice-retry-of'

export type DecodedMessage =
  | { readonly kind: 'message'; readonly message: MessageBody }
  /** The bytes are not what was written: kept raw, as a failure. */
  | { readonly kind: 'corrupt'; readonly reason: string }
  /** Whole, as its checksum says, but not known here: the shard waits for a worker that knows it. */
  | { readonly kind: 'unknown'; readonly what: string }

const encoder = new TextEncoder()
/** Stands where the header will be, so that text and header are encoded in one piece. */
const headerRoom = '\0'.repeat(messageHeaderBytes)

export function encodeMessage(
  { job, tenant, operations }: Message,
  checksum: Checksum,
): Uint8Array {
  const body = encodeBody(job, tenant, operations)
  return sealMessage(encoder.encode(headerRoom + body), checksum)
}

/** Writes checksum and version in front of a message's body, which starts at `messageHeaderBytes`. */
export function sealMessage(bytes: Uint8Array, checksum: Checksum): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  view.setUint8(checksumBytes, messageVersion)
  view.setUint32(0, checksum(bytes.subarray(checksumBytes)))
  return bytes
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

export function decodeMessage(bytes: Uint8Array, checksum: Checksum): DecodedMessage {
  if (bytes.byteLength < messageHeaderBytes) {
    return corrupt(`${bytes.byteLength} bytes are too few for a message`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const expected = view.getUint32(0)
  const found = checksum(bytes.subarray(checksumBytes))
  if (found !== expected) {
    return corrupt(`its checksum is ${found.toString(16)}, expected ${expected.toString(16)}`)
  }
  const version = view.getUint8(checksumBytes)
  if (version !== messageVersion) return { kind: 'unknown', what: `message version ${version}` }
  const body = parseBody(bytes.subarray(messageHeaderBytes))
  return typeof body === 'string'
    ? { kind: 'unknown', what: body }
    : { kind: 'message', message: body }
}

/** What a body holds, or what of it is of no known form. */
function parseBody(bytes: Uint8Array): MessageBody | string {
  let parsed: unknown
  try {
    parsed = JSON.parse(utf8.decode(bytes))
  } catch {
    // The parser's own message quotes what it read, and no error shows a payload.
    return 'a body that is not JSON in UTF-8'
  }
  return decodeBody(parsed)
}

function corrupt(reason: string): DecodedMessage {
  return { kind: 'corrupt', reason }
}
