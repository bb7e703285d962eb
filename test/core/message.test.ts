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

const names = fc.string({ unit: 'binary' }).filter((name) => name !== '__proto__')
const values = fc.dictionary(names, fc.jsonValue()) as fc.Arbitrary<WireObject>
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
  { minLength: 1, maxLength: 5 },
)

describe('a message', () => {
  it('comes out of its bytes as it went in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), operations, (job, tenant, list) => {
        const decoded = decode(encode(job, tenant, list))
        if (decoded.kind !== 'message') throw new Error(`it is ${decoded.kind}`)
        const { shapes: _, ...message } = decoded.message
        expect(message).toEqual({ job, tenant, operations: asJson(list) })
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

  it('says once what its operations have in common', () => {
    const by = { saves: 1 }
    const list: Operation[] = [
      sample(0),
      sample(1),
      { ...sample(2), object: { id: '2' } },
      { ...sample(3), kind: 'increment', by },
      sample(4),
    ]
    const decoded = decode(encode('job', 'tenant', list))
    const create = { type: 'pin', kind: 'create', amounts: undefined }
    expect(decoded).toMatchObject({
      message: {
        shapes: [
          { ...create, properties: ['id', 'title'] },
          { ...create, properties: ['id'] },
          { ...create, kind: 'increment', properties: ['id', 'title'], amounts: ['saves'] },
        ],
        operations: list,
      },
    })
  })

  const shape = '["pin","create",["id"]]'
  it.each([
    ['null', 'no job or tenant'],
    ['[]', 'no job or tenant'],
    ['{"job":1,"tenant":"t","shapes":[],"operations":[]}', 'no job or tenant'],
    ['{"job":"j","tenant":"t","operations":[]}', 'no shapes or operations'],
    ['{"job":"secret","tenant":"t","oper', 'a body that is not JSON in UTF-8'],
    [inShapes('null'), 'a shape 0 of another form'],
    [inShapes('["pin","merge",["id"]]'), 'a shape 0 of another form'],
    [inShapes(`${shape},["pin","create",[7]]`), 'a shape 1 of another form'],
    [inShapes('["pin","create",["id","id"]]'), 'a shape 0 of another form'],
    [inShapes('["pin","create",["__proto__"]]'), 'a shape 0 of another form'],
    [inShapes('["pin","increment",["id"],null]'), 'a shape 0 of another form'],
    [inShapes(shape, 'null,0,"1"'), 'an operation 0 of another form'],
    [inShapes(shape, '0,0,"1",1,0,"2"'), 'an operation 1 of another form'],
    [inShapes(shape, '"length",0,"1"'), 'an operation 0 of another form'],
    [inShapes(shape, '1,0,"1"'), 'an operation 0 of another form'],
    [inShapes(shape, '0,0.5,"1"'), 'an operation 0 of another form'],
    [inShapes(shape, '0,-1,"1"'), 'an operation 0 of another form'],
    [inShapes(shape, ''), 'no operations'],
    [inShapes(shape, '0,0'), 'an operation 0 of another form'],
    [inShapes(shape, '0,0,"1",0'), 'an operation 1 of another form'],
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

function inShapes(shapes: string, operations = ''): string {
  return `{"job":"j","tenant":"t","shapes":[${shapes}],"operations":[${operations}]}`
}

/** What JSON makes of values: it has no -0. */
function asJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value))
}
