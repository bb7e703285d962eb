import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import type { LogMessage } from '../../core/log.ts'
import type { LogCase } from './log.ts'
import { at, eventually, message, pullAll, rejectsWith, shard, textOf } from './log-steps.ts'

const ten = Array.from({ length: 10 }, (_, n) => message(0, String(n)))

const rereadings = 8

/** As many as are made at a time, at most. */
const randomBytes = 64 * 1024

export const readCases: readonly LogCase[] = [
  {
    name: 'a pull brings at most as many messages as asked for, and goes on where it ended',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      await log.publish(ten)
      const reader = await log.open(shard(0), at(0))
      const pulls = []
      while (pulls.flat().length < 10) pulls.push(await reader.pull(4, 2000))
      assert.ok(pulls.every((messages) => messages.length > 0 && messages.length <= 4))
      assert.deepEqual(
        pulls.flat().map((m) => m.offset),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      )
    },
  },
  {
    name: 'a pull waits for the first message, and returns as soon as it comes',
    async run(world) {
      await world.migrate()
      const [log, writer] = [await world.open(), await world.open()]
      const reader = await log.open(shard(0), at(0))
      const startMs = performance.now()
      assert.deepEqual(await reader.pull(10, 300), [])
      const waitedMs = performance.now() - startMs
      assert.ok(waitedMs >= 295 && waitedMs < 1500, `waited ${waitedMs} ms`)
      for (const from of [log, writer]) {
        const pull = reader.pull(10, 15_000)
        await from.publish([message(0, 'late')])
        const publishedMs = performance.now()
        assert.equal((await pull).length, 1)
        assert.ok(performance.now() - publishedMs < 1000)
      }
    },
  },
  {
    name: 'a pull does not wait when asked not to',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const reader = await log.open(shard(0), at(0))
      assert.deepEqual(await reader.pull(1, 0), [])
      await log.publish(ten)
      const [first] = await eventually('a message without waiting', async () => {
        const messages = await reader.pull(1, 0)
        return messages.length ? messages : undefined
      })
      assert.equal(first!.offset, 0)
    },
  },
  {
    name: 'a reader starts in the middle, inside what was written at once',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      await log.publish(ten)
      const pulled = await pullAll(await log.open(shard(0), at(7)), 3)
      assert.deepEqual(pulled.map(textOf), ['7', '8', '9'])
    },
  },
  {
    name: 'a reader starts at the end and gets what comes next',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      await log.publish(ten)
      const reader = await log.open(shard(0), at(10))
      assert.deepEqual(await reader.pull(10, 100), [])
      await log.publish([message(0, 'ten')])
      assert.deepEqual((await pullAll(reader, 1)).map(textOf), ['ten'])
    },
  },
  {
    name: 'an offset past the end is out of range',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      await log.publish(ten)
      const error = await rejectsWith('out_of_range', log.open(shard(0), at(11)))
      assert.match(error.message, /11.*past the end.*0 to 9/)
    },
  },
  {
    name: 'an offset that was trimmed away is out of range',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      await log.publish(ten)
      await log.trim(shard(0), at(4))
      assert.deepEqual(await log.bounds(shard(0)), { earliest: 4, next: 10 })
      const error = await rejectsWith('out_of_range', log.open(shard(0), at(3)))
      assert.match(error.message, /3.*trimmed away.*4 to 9/)
      const pulled = await pullAll(await log.open(shard(0), at(4)), 6)
      assert.equal(textOf(pulled[0]!), '4')
    },
  },
  {
    name: 'a log trimmed to its end still knows its next offset',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      await log.publish(ten)
      await log.trim(shard(0), at(10))
      assert.deepEqual(await log.bounds(shard(0)), { earliest: 10, next: 10 })
      assert.deepEqual(await log.publish([message(0, 'ten')]), [10])
      assert.equal((await pullAll(await log.open(shard(0), at(10)), 1))[0]!.offset, 10)
    },
  },
  {
    name: 'a reader that is trimmed over says so instead of leaving a gap',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      // More than any reader reads ahead, also where batches are compressed.
      const bytes = new Uint8Array(256 * 1024)
      for (let i = 0; i < bytes.length; i += randomBytes) {
        crypto.getRandomValues(bytes.subarray(i, i + randomBytes))
      }
      await log.publish(Array.from({ length: 60 }, () => ({ shard: shard(0), bytes, headers: {} })))
      const reader = await log.open(shard(0), at(0))
      let [{ offset }] = (await pullAll(reader, 1)) as [LogMessage]
      await log.trim(shard(0), at(60))
      await log.publish(ten)
      const readOn = async () => {
        for (;;) {
          const pulled = await reader.pull(1, 2000)
          for (const message of pulled) assert.equal(message.offset, ++offset)
        }
      }
      await rejectsWith('out_of_range', readOn())
      assert.ok(offset < 60)
    },
  },
  {
    name: 'a partition is read again from further back while messages come for its reader before',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      await log.publish(ten)
      for (let round = 0; round < rereadings; round++) {
        const next = ten.length + round
        const former = await log.open(shard(0), at(next - 1))
        await pullAll(former, 1)
        // It waits for what comes next when its shard goes back to where it stands.
        await pause(round * 12)
        await former.close()
        const reader = await log.open(shard(0), at(5))
        await log.publish([message(0, String(next))])
        const offsets = (await pullAll(reader, 3)).map(({ offset }) => offset)
        assert.deepEqual(offsets.slice(0, 3), [5, 6, 7])
        await reader.close()
      }
    },
  },
  {
    name: 'a closed reader says so',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const reader = await log.open(shard(0), at(0))
      await reader.close()
      await rejectsWith('closed', reader.pull(1, 0))
    },
  },
]
