import assert from 'node:assert/strict'
import type { LogCase } from './log.ts'
import { at, eventually, message, pullAll, rejectsWith, shard, textOf } from './log-steps.ts'

const ten = (shardNumber: number) =>
  Array.from({ length: 10 }, (_, n) => message(shardNumber, String(n)))

const mebibyte = 1024 * 1024
const quarter = 256 * 1024

export const trimCases: readonly LogCase[] = [
  {
    name: 'a trim drops what lies before it on its shard, and nothing else',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      await log.publish([...ten(0), ...ten(1)])
      await log.trim(shard(0), at(4))
      await log.trim(shard(0), at(4))
      // What is dropped does not come back, and nobody is asked to.
      await log.trim(shard(0), at(2))
      await log.trim(shard(3), at(0))
      const later = await world.open()
      assert.deepEqual(await later.bounds(shard(0)), { earliest: 4, next: 10 })
      assert.deepEqual(await later.bounds(shard(1)), { earliest: 0, next: 10 })
      assert.deepEqual(await later.bounds(shard(3)), { earliest: 0, next: 0 })
      const pulled = await pullAll(await later.open(shard(0), at(4)), 6)
      assert.deepEqual(pulled.map(textOf), ['4', '5', '6', '7', '8', '9'])
      const others = await pullAll(await later.open(shard(1), at(0)), 10)
      assert.equal(others.length, 10)
    },
  },
  {
    name: 'a trim past the end is refused and drops nothing',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      await log.publish(ten(0))
      const error = await rejectsWith('out_of_range', log.trim(shard(0), at(11)))
      assert.match(error.message, /ends before offset 11/)
      assert.deepEqual(await log.bounds(shard(0)), { earliest: 0, next: 10 })
    },
  },
  {
    name: 'a reader ahead of the trims misses nothing, while messages come',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const reader = await log.open(shard(0), at(0))
      const texts: string[] = []
      const publishing = (async () => {
        for (let n = 0; n < 300; n += 10) {
          await log.publish(Array.from({ length: 10 }, (_, k) => message(0, String(n + k))))
        }
      })()
      while (texts.length < 300) {
        texts.push(...(await pullAll(reader, 10)).map(textOf))
        if (texts.length % 50 === 0) await log.trim(shard(0), at(texts.length))
      }
      await publishing
      assert.deepEqual(
        texts,
        Array.from({ length: 300 }, (_, n) => String(n)),
      )
      assert.deepEqual(await log.bounds(shard(0)), { earliest: 300, next: 300 })
    },
  },
  {
    name: 'a trim that was meant for a log that is gone leaves the new one whole',
    async run(world) {
      await world.migrate()
      const old = await world.open()
      await old.publish(ten(0))
      await world.recreate()
      const fresh = await world.open()
      await fresh.publish(ten(0))
      await rejectsWith('recreated', old.trim(shard(0), at(5)))
      assert.deepEqual(await fresh.bounds(shard(0)), { earliest: 0, next: 10 })
    },
  },
  {
    name: 'the room that is left is told',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const { freeBytes, totalBytes } = (await log.headroom())!
      assert.ok(freeBytes > 0 && freeBytes < totalBytes, `${freeBytes} of ${totalBytes} bytes`)
    },
  },
  {
    name: 'what is trimmed of a large file is given back, what is not is kept',
    only: 'embedded',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const large = (shardNumber: number) => ({ ...message(shardNumber, ''), bytes })
      const bytes = new Uint8Array(quarter).fill(7)
      for (let n = 0; n < 40; n++) {
        await log.publish([large(0), large(0), large(0), large(1)])
      }
      await log.trim(shard(0), at(120))
      // 40 MiB, of which 10 are held and 16 stay free for what comes.
      const { bytes: left } = await world.file()
      assert.ok(left < 28 * mebibyte, `${left} bytes`)
      // What is free in the file counts as room. Others write to the same disk at any moment.
      await eventually('room in the file', async () => {
        const { diskFreeBytes } = await world.file()
        const { freeBytes } = (await log.headroom())!
        return Math.abs(freeBytes - diskFreeBytes - 16 * mebibyte) < 2 * mebibyte || undefined
      })
      const kept = await pullAll(await log.open(shard(1), at(0)), 40)
      assert.ok(kept.every((one) => one.bytes.byteLength === quarter && one.bytes[9] === 7))
      assert.deepEqual(await log.publish([large(0)]), [120])
    },
  },
]
