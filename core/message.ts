import type { Operation, OperationKind, WireObject } from './operation.ts'
import { operationKinds } from './operation.ts'

/**
 * A message's bytes: the CRC-32 of all that follows it (big-endian), one version byte, then UTF-8
 * JSON `{"job","tenant","operations":[[index, type, op, object, by?], …]}`. The checksum comes first
 * in every version and covers the version byte: a flipped one must not pass for a newer message.
 */
export const messageVersion = 1
const checksumBytes = 4
export const messageHeaderBytes = checksumBytes + 1

/** CRC-32 (the zlib polynomial) of some bytes, unsigned. Every runtime has one built in. */
export type Checksum = (bytes: Uint8Array) => number

export interface Message {
  readonly job: string
  readonly tenant: string
  readonly operations: readonly Operation[]
}

export type DecodedMessage =
  | { readonly kind: 'message'; readonly message: Message }
  /** The bytes are not what was written: kept raw, as a failure. */
  | { readonly kind: 'corrupt'; readonly reason: string }
  /** Whole, as its checksum says, but not known here: the shard waits for a worker that knows it. */
  | { readonly kind: 'unknown'; readonly what: string }

type EncodedOperation = readonly [
  index: number,
  type: string,
  op: OperationKind,
  object: WireObject,
  by?: WireObject,
]

const encoder = new TextEncoder()
/** Stands where the header will be, so that text and header are encoded in one piece. */
const headerRoom = '\0'.repeat(messageHeaderBytes)

export function encodeMessage(
  { job, tenant, operations }: Message,
  checksum: Checksum,
): Uint8Array {
  const body = JSON.stringify({ job, tenant, operations: operations.map(encodeOperation) })
  return sealMessage(encoder.encode(headerRoom + body), checksum)
}

function encodeOperation(operation: Operation): EncodedOperation {
  const { index, type, kind, object, by } = operation
  return by ? [index, type, kind, object, by] : [index, type, kind, object]
}

/** Writes checksum and version in front of a message's JSON, which starts at `messageHeaderBytes`. */
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
  if (version !== messageVersion) return unknown(`message version ${version}`)
  return parseBody(bytes.subarray(messageHeaderBytes))
}

function parseBody(body: Uint8Array): DecodedMessage {
  let parsed: unknown
  try {
    parsed = JSON.parse(utf8.decode(body))
  } catch {
    // The parser's own message quotes what it read, and no error shows a payload.
    return unknown('a body that is not JSON in UTF-8')
  }
  const { job, tenant, operations } = Object(parsed)
  if (typeof job !== 'string' || typeof tenant !== 'string' || !Array.isArray(operations)) {
    return unknown('no job, tenant or operations')
  }
  const decoded = new Array<Operation>(operations.length)
  for (let i = 0; i < operations.length; i++) {
    const encoded: unknown = operations[i]
    if (!isEncodedOperation(encoded)) return unknown(`an operation ${i} of another form`)
    const [index, type, kind, object, by] = encoded
    decoded[i] = by ? { index, type, kind, object, by } : { index, type, kind, object }
  }
  return { kind: 'message', message: { job, tenant, operations: decoded } }
}

function isEncodedOperation(value: unknown): value is EncodedOperation {
  if (!Array.isArray(value)) return false
  const [index, type, kind, object, by] = value
  return (
    Number.isSafeInteger(index) &&
    typeof type === 'string' &&
    operationKinds.includes(kind) &&
    isObject(object) &&
    (by === undefined || isObject(by))
  )
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function corrupt(reason: string): DecodedMessage {
  return { kind: 'corrupt', reason }
}

function unknown(what: string): DecodedMessage {
  return { kind: 'unknown', what }
}
