import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMessage } from '../../core/message.ts'
import type { Operation } from '../../core/operation.ts'
import { shardId } from '../../core/position.ts'
import type { MessageLimits, ShardMessage } from '../../core/shard-batching.ts'
import { defaultMessageLimits, ShardBatcher } from '../../core/shard-batching.ts'
import { batchByShard } from '../support/batch-by-shard.ts'

const shards = 4

const requests = fc.record({
  operations: fc
    .array(
      fc.record({
        shard: fc.nat({ max: shards - 1 }),
        title: fc.string({ unit: 'binary', maxLength: 40 }),
      }),
      { maxLength: 60 },
    )
    .map((list) => list.map(({ shard, title }, index) => operation(index, shard, title))),
  limits: fc.record({
    operations: fc.integer({ min: 1, max: 10 }),
    bytes: fc.integer({ min: 400, max: 2000 }),
  }),
})

describe('a request’s messages', () => {
  it('hold each shard’s operations, all of them, in the request’s order', () => {
    fc.assert(
      fc.property(requests, ({ operations, limits }) => {
        const messages = batch(operations, limits)
        for (let shard = 0; shard < shards; shard++) {
          const found = messages.filter((message) => message.shard === shard).flatMap(operationsIn)
          expect(found).toEqual(operations.filter((given) => shardOf(given) === shard))
        }
        for (const message of messages)
          expect(operationsIn(message)).toHaveLength(message.operations)
      }),
    )
  })

  it('are within the limits', () => {
    fc.assert(
      fc.property(requests, ({ operations, limits }) => {
        for (const { bytes, operations: count } of batch(operations, limits)) {
          expect(bytes.length).toBeLessThanOrEqual(limits.bytes)
          expect(count).toBeGreaterThan(0)
          expect(count).toBeLessThanOrEqual(limits.operations)
        }
      }),
    )
  })

  it('are as few as the counts ask for where the bytes do not matter', () => {
    fc.assert(
      fc.property(requests, ({ operations, limits }) => {
        const messages = batch(operations, { ...limits, bytes: 1_000_000 })
        for (let shard = 0; shard < shards; shard++) {
          const count = operations.filter((given) => shardOf(given) === shard).length
          const found = messages.filter((message) => message.shard === shard).length
          expect(found).toBe(Math.ceil(count / limits.operations))
        }
      }),
    )
  })

  it('may be exactly as long as the limit, with one operation and with several', () => {
    for (const count of [1, 2, 7]) {
      const operations = Array.from({ length: count }, (_, i) => operation(i, 0, `title ${i}`))
      const [whole, ...none] = batch(operations, defaultMessageLimits)
      expect(none).toEqual([])
      const { length } = whole!.bytes
      expect(batch(operations, { operations: 1000, bytes: length })).toHaveLength(1)
      if (count > 1) {
        expect(batch(operations, { operations: 1000, bytes: length - 1 })).toHaveLength(2)
      }
    }
  })

  it('leave out each operation that does not fit into one: all of them are named', () => {
    const title = 'ü'.repeat(500)
    const operations = [operation(0, 1, ''), operation(1, 1, title), operation(2, 1, title)]
    const bytes = batch([operations[1]!], defaultMessageLimits)[0]!.bytes.length
    const fits = batchAll(operations, { operations: 10, bytes })
    expect(fits).toMatchObject({
      messages: [{ operations: 1 }, { operations: 1 }, { operations: 1 }],
      tooLarge: [],
    })
    expect(batchAll(operations, { operations: 10, bytes: bytes - 1 })).toMatchObject({
      messages: [{ operations: 1 }],
      tooLarge: [
        { index: 1, bytes, maxBytes: bytes - 1 },
        { index: 2, bytes, maxBytes: bytes - 1 },
      ],
    })
  })

  it('of nothing are none', () => {
    expect(batch([], defaultMessageLimits)).toEqual([])
  })

  it('do not share memory', () => {
    const operations = [0, 1, 2, 3].map((i) => operation(i, 0, `title ${i}`))
    const messages = batch(operations, { operations: 1, bytes: 1000 })
    expect(new Set(messages.map(({ bytes }) => bytes.buffer)).size).toBe(4)
    expect(messages.flatMap(operationsIn)).toEqual(operations)
  })
})

describe('a request that is cut while it is read', () => {
  const batcherOf = (limits: MessageLimits, maxWaitingBytes: number) =>
    new ShardBatcher({
      job: 'j',
      tenant: 't',
      limits,
      maxWaitingBytes,
      checksum: crc32,
      shardOf: (given) => shardId(shardOf(given)),
      onTooLarge: () => {},
    })

  it('gives the same operations to each shard, in order, whatever may wait', () => {
    const anyRequest = fc.tuple(
      requests,
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 0, max: 500 }),
    )
    fc.assert(
      fc.property(anyRequest, ([{ operations, limits }, maxWaitingBytes, bytes]) => {
        const batcher = batcherOf(limits, maxWaitingBytes)
        const messages: ShardMessage[] = []
        for (const given of operations) {
          batcher.add(given, bytes)
          messages.push(...batcher.take())
        }
        messages.push(...batcher.finish(), ...batcher.finish())
        for (let shard = 0; shard < shards; shard++) {
          const found = messages.filter((message) => message.shard === shard).flatMap(operationsIn)
          expect(found).toEqual(operations.filter((given) => shardOf(given) === shard))
        }
      }),
    )
  })

  it('has a message as soon as one is full, by count or by bytes', () => {
    const byCount = batcherOf({ operations: 2, bytes: 1000 }, 10_000)
    byCount.add(operation(0, 1, ''), 10)
    expect(byCount.take()).toEqual([])
    byCount.add(operation(1, 1, ''), 10)
    expect(byCount.take()).toMatchObject([{ shard: 1, operations: 2 }])

    const byBytes = batcherOf({ operations: 100, bytes: 1000 }, 10_000)
    byBytes.add(operation(0, 1, ''), 600)
    byBytes.add(operation(1, 1, ''), 400)
    expect(byBytes.take()).toEqual([])
    byBytes.add(operation(2, 1, ''), 1)
    expect(byBytes.take()).toMatchObject([{ shard: 1, operations: 2 }])
  })

  it('lets no more wait than it may, and cuts the fullest shards first', () => {
    const batcher = batcherOf({ operations: 100, bytes: 1000 }, 100)
    batcher.add(operation(0, 0, ''), 20)
    batcher.add(operation(1, 1, ''), 60)
    batcher.add(operation(2, 2, ''), 20)
    expect(batcher.take()).toEqual([])
    batcher.add(operation(3, 3, ''), 5)
    expect(batcher.take()).toMatchObject([{ shard: 1, operations: 1 }])
    expect(batcher.finish().map(({ shard }) => shard)).toEqual([0, 2, 3])
  })
})

function operation(index: number, shard: number, title: string): Operation {
  return { index, type: 'pin', kind: 'upsert', object: { id: String(index), userId: shard, title } }
}

function shardOf({ object }: Operation): number {
  return object.userId as number
}

function batchAll(operations: readonly Operation[], limits: MessageLimits) {
  return batchByShard(operations, {
    job: 'j',
    tenant: 't',
    limits,
    checksum: crc32,
    shardOf: (given) => shardId(shardOf(given)),
  })
}

function batch(operations: readonly Operation[], limits: MessageLimits): readonly ShardMessage[] {
  const result = batchAll(operations, limits)
  if (result.tooLarge.length > 0) throw new Error('an operation is too large')
  return result.messages
}

function operationsIn({ bytes }: ShardMessage): readonly Operation[] {
  const decoded = decodeMessage(bytes, crc32)
  if (decoded.kind !== 'message') throw new Error(`a message is ${decoded.kind}`)
  return decoded.message.operations
}
