import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeMessage,
  encodeMessage,
  messageHeaderBytes,
  messageVersion,
  sealMessage,
} from '../../core/message.ts'
import type { Operation, WireObject } from '../../core/operation.ts'
import { operationKinds } from '../../core/operation.ts'

const decode = (bytes: Uint8Array) => decodeMessage(bytes, crc32)

const values = fc.dictionary(
  fc.string({ unit: 'binary' }),
  fc.jsonValue(),
) as fc.Arbitrary<WireObject>
const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc
    .record({
      index: fc.nat(),
      type: fc.string(),
      kind: fc.constantFrom(...operationKinds),
      object: values,
      by: fc.option(values, { nil: undefined }),
    })
    .map(({ by, ...rest }) => (by ? { ...rest, by } : rest)),
  { maxLength: 5 },
)

describe('a message', () => {
  it('comes out of its bytes as it went in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), operations, (job, tenant, list) => {
        const message = { job, tenant, operations: asJson(list) }
        expect(decode(encode(job, tenant, list))).toEqual({ kind: 'message', message })
      }),
    )
  })

  it('is corrupt when any one bit is flipped, in its version and checksum too', () => {
    const bytes = encode('job', 'tenant', [sample(0), sample(1)])
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(decode(flipped).kind, `bit ${bit}`).toBe('corrupt')
    }
  })

  it('is corrupt when it is cut anywhere, or longer than it was', () => {
    const bytes = encode('job', 'tenant', [sample(0), sample(1)])
    for (let length = 0; length < bytes.length; length++) {
      expect(decode(bytes.slice(0, length)).kind, `${length} bytes`).toBe('corrupt')
    }
    expect(decode(Uint8Array.of(...bytes, 0)).kind).toBe('corrupt')
  })

  it('is corrupt when its bytes are all zero, as a disk may leave them', () => {
    for (const length of [0, 4, 5, 100]) expect(decode(new Uint8Array(length)).kind).toBe('corrupt')
  })

  it('of another version is unknown only if it is whole', () => {
    const newer = encode('job', 'tenant', [sample(0)])
    newer[messageHeaderBytes - 1] = messageVersion + 1
    expect(decode(newer).kind).toBe('corrupt')
    new DataView(newer.buffer).setUint32(0, crc32(newer.subarray(4)))
    expect(decode(newer)).toEqual({
      kind: 'unknown',
      what: `message version ${messageVersion + 1}`,
    })
  })

  it.each([
    ['null', 'no job, tenant or operations'],
    ['[]', 'no job, tenant or operations'],
    ['{"job":1,"tenant":"t","operations":[]}', 'no job, tenant or operations'],
    ['{"job":"secret","tenant":"t","oper', 'a body that is not JSON in UTF-8'],
    ['{"job":"j","tenant":"t","operations":[null]}', 'an operation 0 of another form'],
    [
      '{"job":"j","tenant":"t","operations":[[0,"pin","merge",{}]]}',
      'an operation 0 of another form',
    ],
    [
      '{"job":"j","tenant":"t","operations":[[0,"pin","create",null]]}',
      'an operation 0 of another form',
    ],
    [
      '{"job":"j","tenant":"t","operations":[[0.5,"pin","create",{}]]}',
      'an operation 0 of another form',
    ],
    [
      '{"job":"j","tenant":"t","operations":[[0,"pin","increment",{},[]]]}',
      'an operation 0 of another form',
    ],
  ])('that is whole but holds %s says so, without the payload', (json, what) => {
    expect(decode(seal(json))).toEqual({ kind: 'unknown', what })
  })

  it('is read from a view into a larger buffer', () => {
    const bytes = encode('job', 'tenant', [sample(0)])
    const larger = new Uint8Array(bytes.length + 20)
    larger.set(bytes, 7)
    expect(decode(larger.subarray(7, 7 + bytes.length)).kind).toBe('message')
  })
})

function sample(index: number): Operation {
  return { index, type: 'pin', kind: 'create', object: { id: '1', title: 'Ærø, 猫 and 🐈' } }
}

function encode(job: string, tenant: string, list: readonly Operation[]): Uint8Array {
  return encodeMessage({ job, tenant, operations: list }, crc32)
}

function seal(json: string): Uint8Array {
  const body = new TextEncoder().encode(json)
  const bytes = new Uint8Array(messageHeaderBytes + body.length)
  bytes.set(body, messageHeaderBytes)
  return sealMessage(bytes, crc32)
}

/** What JSON makes of values: it has no -0. */
function asJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value))
}
