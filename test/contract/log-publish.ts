import assert from 'node:assert/strict'
import { PublishError } from '../../core/log.ts'
import type { LogCase } from './log.ts'
import {
  at,
  eventually,
  message,
  publishFails,
  pullAll,
  rejectsWith,
  shard,
  textOf,
} from './log-steps.ts'

const largest = 256 * 1024

/** Bytes that no compression makes smaller. */
function random(shardNumber: number, size: number) {
  const bytes = new Uint8Array(size)
  for (let from = 0; from < size; from += randomBytesAtOnce) {
    crypto.getRandomValues(bytes.subarray(from, from + randomBytesAtOnce))
  }
  return { shard: shard(shardNumber), bytes, headers: {} }
}

const randomBytesAtOnce = 65_536

export const publishCases: readonly LogCase[] = [
  {
    name: 'publish resolves with the offsets at which the messages are pulled',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const first = await log.publish([message(0, 'a'), message(1, 'b'), message(0, 'c')])
      const second = await log.publish([message(1, 'd')])
      assert.deepEqual([first, second], [[0, 0, 1], [1]])
      const reader = await log.open(shard(0), at(0))
      const pulled = await pullAll(reader, 2)
      assert.deepEqual(
        pulled.map((m) => [m.offset, textOf(m)]),
        [
          [0, 'a'],
          [1, 'c'],
        ],
      )
    },
  },
  {
    name: 'each shard keeps the order of its messages, also under concurrent publishes',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const calls = Array.from({ length: 200 }, (_, call) =>
        log.publish(
          [0, 1, 2].flatMap((k) => [message(0, `${call}.${k}`), message(1, `${call}.${k}`)]),
        ),
      )
      const offsets = await Promise.all(calls)
      for (const n of [0, 1]) {
        const pulled = await pullAll(await log.open(shard(n), at(0)), 600)
        const texts = pulled.map(textOf)
        // Calls were made one after another, so their messages stand one after another.
        const expected = offsets.flatMap((_, call) => [0, 1, 2].map((k) => `${call}.${k}`))
        assert.deepEqual(texts, expected)
        offsets.forEach((got, call) => {
          assert.deepEqual(
            got.filter((_, i) => i % 2 === n).map((o) => texts[o]),
            [0, 1, 2].map((k) => `${call}.${k}`),
          )
        })
      }
    },
  },
  {
    name: 'messages may share memory, which is the caller’s again once they are published',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const memory = new Uint8Array(600)
      for (let round = 0; round < 20; round++) {
        memory.fill(round)
        const parts = [0, 1, 2].map((k) => memory.subarray(k * 200, (k + 1) * 200))
        await log.publish(parts.map((bytes) => ({ shard: shard(0), bytes, headers: {} })))
      }
      const pulled = await pullAll(await log.open(shard(0), at(0)), 60)
      for (const [i, { bytes }] of pulled.entries()) {
        assert.deepEqual([...bytes], Array(200).fill(Math.floor(i / 3)))
      }
    },
  },
  {
    name: 'headers and binary bytes come back as they were',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const bytes = Uint8Array.from({ length: 1024 }, (_, n) => n & 0xff)
      const headers = {
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        ключ: '✓',
      }
      const empty = new Uint8Array(0)
      await log.publish([
        { shard: shard(2), bytes, headers },
        { shard: shard(2), bytes: empty, headers: {} },
      ])
      const pulled = await pullAll(await log.open(shard(2), at(0)), 2)
      assert.deepEqual([...pulled[0]!.bytes], [...bytes])
      assert.deepEqual({ ...pulled[0]!.headers }, headers)
      assert.deepEqual([pulled[1]!.bytes.byteLength, { ...pulled[1]!.headers }], [0, {}])
    },
  },
  {
    name: 'messages of 256 KiB pass, many at once; a larger one is refused',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const filled = (byte: number, size = largest) => ({
        shard: shard(3),
        bytes: new Uint8Array(size).fill(byte),
        headers: {},
      })
      await log.publish(Array.from({ length: 40 }, (_, n) => filled(n)))
      const pulled = await pullAll(await log.open(shard(3), at(0)), 40)
      pulled.forEach((m, n) => {
        assert.ok(m.bytes.byteLength === largest && m.bytes.every((byte) => byte === n))
      })
      await publishFails('none', log.publish([filled(0, largest + 1)]))
    },
  },
  {
    name: 'under a lowered limit what is too large is refused alone, until it is raised again',
    only: 'kafka',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      await log.publish([message(0, 'before')])
      await world.limit(50_000)
      // Together they are above the limit; alone each fits.
      const small = Array.from({ length: 40 }, (_, n) => random(n % 2, 10_000))
      const large = random(0, 100_000)
      const results = await Promise.allSettled([
        log.publish(small.slice(0, 20)),
        log.publish([large]),
        log.publish(small.slice(20)),
        log.publish([random(0, 100_000), message(1, 'beside')]),
      ])
      const failures = results.map((one) => (one.status === 'rejected' ? one.reason : undefined))
      assert.deepEqual([failures[0], failures[2]], [undefined, undefined])
      for (const failure of [failures[1], failures[3]]) {
        assert.ok(failure instanceof PublishError, `expected a PublishError, got ${failure}`)
        assert.match(
          failure.message,
          /10\d{4} bytes is above the topic's limit: raise its max\.mess/,
        )
      }
      // Beside it something else was written.
      assert.equal(failures[3].outcome, 'unknown')
      const { next } = await log.bounds(shard(0))
      assert.equal(next, 1 + small.length / 2)
      const pulled = await pullAll(await log.open(shard(0), at(1)), next - 1)
      const expected = small.filter((one) => one.shard === 0)
      assert.deepEqual(
        pulled.map(({ bytes }) => bytes),
        expected.map(({ bytes }) => bytes),
      )
      await world.limit(undefined)
      await eventually('a large message', () => log.publish([large]).catch(() => undefined))
    },
  },
  {
    name: 'a shard that the log does not have is refused, and nothing is written',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const error = await publishFails('none', log.publish([message(0, 'a'), message(4, 'b')]))
      assert.match(error.message, /shard 4.*has 4/)
      assert.deepEqual(await log.bounds(shard(0)), { earliest: 0, next: 0 })
      assert.deepEqual(await log.publish([]), [])
    },
  },
  {
    name: 'what was published is there after reopening, under the same identity',
    async run(world) {
      await world.migrate()
      const before = await world.open()
      await before.publish([message(1, 'kept')])
      await before.close()
      await world.migrate()
      const after = await world.open()
      assert.equal(after.logId, before.logId)
      assert.deepEqual([after.topic, after.partitions], [before.topic, 4])
      assert.deepEqual(await after.bounds(shard(1)), { earliest: 0, next: 1 })
      const [kept] = await pullAll(await after.open(shard(1), at(0)), 1)
      assert.equal(textOf(kept!), 'kept')
    },
  },
  {
    name: 'a closed log says so',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const reader = await log.open(shard(0), at(0))
      const pull = reader.pull(1, 10_000)
      await Promise.all([rejectsWith('closed', pull), log.close()])
      await rejectsWith('closed', log.ping())
      await publishFails('none', log.publish([message(0, 'a')]))
    },
  },
]
