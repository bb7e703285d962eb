import assert from 'node:assert/strict'
import type { LogError } from '../../core/log.ts'
import type { LogCase } from './log.ts'
import {
  assigned,
  at,
  eventually,
  followControl,
  message,
  publishFails,
  pullAll,
  rejectsWith,
  shard,
  textOf,
} from './log-steps.ts'

/** How soon a log that was made anew must be noticed. */
const noticeMs = 5000
/** A publish that gives up after 1,500 ms, on a busy machine. */
const inTimeMs = 5000

export const faultCases: readonly LogCase[] = [
  {
    name: 'a log that was never made is not opened',
    async run(world) {
      const error = await rejectsWith('not_migrated', world.open())
      assert.match(error.message, /npm run migrate/)
    },
  },
  {
    name: 'a log made for another number of shards is neither opened nor changed',
    async run(world) {
      await world.migrate(3)
      const opening = await rejectsWith('not_migrated', world.open({ partitions: 4 }))
      assert.match(opening.message, /\b3\b.*\b4\b/)
      const making = await rejectsWith('not_migrated', world.migrate(4))
      assert.match(making.message, /\b3\b.*\b4\b/)
      assert.equal((await world.open({ partitions: 3 })).partitions, 3)
    },
  },
  {
    name: 'making a log that is there changes nothing',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      await log.publish([message(0, 'a')])
      await world.migrate()
      await log.ping()
      assert.deepEqual(await log.publish([message(0, 'b')]), [1])
    },
  },
  {
    name: 'a log that was deleted and made anew is noticed by all who have it open',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      await log.publish([message(0, 'a')])
      const idle = await log.open(shard(1), at(0))
      const reading = await log.open(shard(0), at(1))
      const waits = [idle, reading].map((reader) =>
        rejectsWith('recreated', reader.pull(1, 20_000)),
      )
      await world.recreate()
      const startMs = performance.now()
      await assert.rejects(log.publish([message(0, 'b')]), { name: 'PublishError' })
      await publishFails('none', log.publish([message(0, 'c')]))
      await rejectsWith('recreated', log.ping())
      await rejectsWith('recreated', log.bounds(shard(0)))
      await Promise.all(waits)
      assert.ok(performance.now() - startMs < noticeMs)
      const fresh = await world.open()
      assert.notEqual(fresh.logId, log.logId)
    },
  },
  {
    name: 'a log made anew that grew past where the old one was read gives nothing of it',
    only: 'kafka',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      await log.publish([message(0, 'a')])
      const reader = await log.open(shard(0), at(1))
      assert.deepEqual(await reader.pull(10, 0), [])
      await world.recreate()
      const fresh = await world.open()
      await fresh.publish(Array.from({ length: 10 }, () => message(0, 'of the new one')))
      await assert.rejects(
        async () => {
          for (;;) assert.deepEqual(await reader.pull(10, 500).catch(onceRecreated), [])
        },
        { code: 'recreated' },
      )
    },
  },
  {
    name: 'while the broker is away everything fails in time, and goes on when it is back',
    only: 'kafka',
    async run(world) {
      await world.migrate()
      const log = await world.open({ publishTimeoutMs: 1500 })
      const patient = await world.open({ publishTimeoutMs: 60_000 })
      await log.publish([message(0, 'before')])
      const reader = await log.open(shard(0), at(1))
      const member = await log.join()
      const before = await assigned(member, ({ shards }) => shards.length === 4)
      const control = followControl(log)
      await log.control.put('key', 'before')
      await control.at.catchUp()
      await world.broker.kill()
      try {
        // A process that is being killed still takes connections for a moment.
        const ping = await eventually('connections are refused', async () => {
          const error = await rejectsWith('unreachable', log.ping())
          return error.message.includes('ECONNREFUSED') ? error : undefined
        })
        assert.match(ping.message, /Kafka at 127\.0\.0\.1:\d+ does not answer/)
        assert.ok(ping.canRetry)
        const startMs = performance.now()
        // Without a connection nothing can have been sent.
        const failure = await publishFails('none', log.publish([message(0, 'lost')]))
        assert.match(failure.message, /1500 ms/)
        assert.ok(performance.now() - startMs < inTimeMs)
        await rejectsWith('unreachable', log.bounds(shard(0)))
        await rejectsWith('unreachable', log.trim(shard(0), at(1)))
        await rejectsWith('unreachable', log.headroom())
        await rejectsWith('unreachable', reader.pull(1, 500))
        await rejectsWith('unreachable', world.open())
        await rejectsWith('unreachable', control.at.catchUp())
        await rejectsWith('unreachable', log.control.put('key', 'lost?'))
        // The group may have given its shards to another by now.
        await assigned(member, ({ shards }) => shards.length === 0, before.generation)
        // What was known before is known on, and its age tells that it is.
        assert.equal(control.entries.get('key'), 'before')
        assert.ok(control.at.ageMs > 2000)
      } finally {
        await world.broker.restart()
      }
      assert.deepEqual(await patient.publish([message(0, 'after')]), [1])
      await log.ping()
      const [after] = await eventually('the message', async () => {
        const messages = await reader.pull(1, 1000).catch(() => [])
        return messages.length ? messages : undefined
      })
      assert.deepEqual([after!.offset, textOf(after!)], [1, 'after'])
      const put = () => log.control.put('key', 'after').catch(() => undefined)
      const end = await eventually('a put', put)
      await eventually('the change', async () => (control.at.next >= end ? true : undefined))
      assert.equal(control.entries.get('key'), 'after')
      assert.ok(control.at.ageMs < 2000)
      await assigned(member, ({ shards }) => shards.length === 4, before.generation)
    },
  },
  {
    name: 'a publish that the broker took without an answer is unknown, in time',
    only: 'kafka',
    async run(world) {
      await world.migrate()
      const log = await world.open({ publishTimeoutMs: 1500 })
      await log.publish([message(0, 'before')])
      await world.broker.pause()
      const startMs = performance.now()
      try {
        await publishFails('unknown', log.publish([message(0, 'perhaps')]))
        assert.ok(performance.now() - startMs < inTimeMs)
      } finally {
        await world.broker.resume()
      }
      await eventually('the broker takes messages', () =>
        log.publish([message(0, 'after')]).catch(() => undefined),
      )
      const { next } = await log.bounds(shard(0))
      const texts = (await pullAll(await log.open(shard(0), at(0)), next)).map(textOf)
      assert.deepEqual([texts.at(0), texts.at(-1)], ['before', 'after'])
      assert.ok(texts.filter((text) => text === 'perhaps').length <= 1)
    },
  },
  {
    name: 'a broker killed and restarted under load loses and doubles nothing',
    only: 'kafka',
    async run(world) {
      await world.migrate()
      const log = await world.open({ publishTimeoutMs: 60_000 })
      const written = new Map<number, string>()
      let restarted = false
      /** Publishes one message after another until some time after the restart. */
      const client = async (name: string) => {
        for (let n = 0, after = 0; after < 50; n++) {
          if (restarted) after++
          const text = `${name} ${n}`
          const [offset] = await log.publish([message(0, text)])
          assert.ok(!written.has(offset!), `offset ${offset} was given twice`)
          written.set(offset!, text)
        }
      }
      const clients = Array.from({ length: 8 }, (_, n) => client(String(n)))
      await eventually('some messages', async () => written.size > 300 || undefined)
      await world.broker.kill()
      await world.broker.restart()
      restarted = true
      await Promise.all(clients)
      const { next } = await log.bounds(shard(0))
      const pulled = await pullAll(await log.open(shard(0), at(0)), next)
      assert.deepEqual(
        pulled.map((m) => [m.offset, textOf(m)]),
        [...written].sort(([a], [b]) => a - b),
      )
    },
  },
]

/** Until the new one is known, the old one may be told as away. */
function onceRecreated(error: LogError): [] {
  if (error.code === 'unreachable') return []
  throw error
}
