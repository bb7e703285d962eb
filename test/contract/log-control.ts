import assert from 'node:assert/strict'
import type { LogCase } from './log.ts'
import { eventually, followControl } from './log-steps.ts'

export const controlCases: readonly LogCase[] = [
  {
    name: 'what is put under control is known to every instance within a fraction of a second',
    async run(world) {
      await world.migrate()
      const [worker, api] = [await world.open(), await world.open()]
      const { entries, at: follower } = followControl(worker)
      await follower.catchUp()
      assert.deepEqual([...entries], [])
      assert.ok(follower.ageMs < 5000)
      const end = await api.control.put('cancel/läuft', '{"a":1}')
      const putMs = performance.now()
      await eventually('the change', async () => (follower.next >= end ? true : undefined))
      assert.ok(performance.now() - putMs < 500)
      assert.deepEqual([...entries], [['cancel/läuft', '{"a":1}']])
    },
  },
  {
    name: 'catching up means that all is known that was put before',
    async run(world) {
      await world.migrate()
      const [worker, api] = [await world.open(), await world.open()]
      const { entries, at: follower } = followControl(worker)
      for (let i = 0; i < 20; i++) {
        const end = await api.control.put('key', `${i}`)
        await follower.catchUp()
        assert.equal(entries.get('key'), `${i}`)
        assert.ok(follower.next >= end)
      }
    },
  },
  {
    name: 'a removed key is gone for those that follow and for those that come later',
    async run(world) {
      await world.migrate()
      const [worker, api] = [await world.open(), await world.open()]
      const { entries, at: follower } = followControl(worker)
      await Promise.all(['a', 'b', 'c'].map((key) => api.control.put(key, `is ${key}`)))
      await follower.catchUp()
      assert.equal(entries.size, 3)
      const end = await api.control.put('b', undefined)
      await follower.catchUp()
      assert.deepEqual([...entries].sort(), [
        ['a', 'is a'],
        ['c', 'is c'],
      ])
      const late = followControl(await world.open())
      await late.at.catchUp()
      assert.deepEqual([...late.entries].sort(), [...entries].sort())
      assert.ok(late.at.next >= end)
      assert.ok((await api.control.put('b', 'again')) > end, 'offsets must grow for ever')
    },
  },
  {
    name: 'of values put at once under one key, all instances know the same last one',
    async run(world) {
      await world.migrate()
      const [one, other] = [await world.open(), await world.open()]
      const [first, second] = [followControl(one), followControl(other)]
      const puts = Array.from({ length: 50 }, (_, i) =>
        (i % 2 ? one : other).control.put('key', `${i}`),
      )
      const ends = await Promise.all(puts)
      await Promise.all([first.at.catchUp(), second.at.catchUp()])
      assert.equal(first.entries.get('key'), second.entries.get('key'))
      assert.ok(first.at.next >= Math.max(...ends))
    },
  },
  {
    name: 'a follower that is closed hears nothing more',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const { entries, at: follower } = followControl(log)
      await follower.catchUp()
      follower.close()
      await log.control.put('key', 'value')
      const late = followControl(log)
      await late.at.catchUp()
      assert.deepEqual([...late.entries], [['key', 'value']])
      assert.equal(entries.size, 0)
    },
  },
  {
    name: 'control that is made anew forgets what stood there',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      for (let i = 0; i < 5; i++) await log.control.put(`key ${i}`, 'value')
      const { entries, at: follower } = followControl(log)
      await follower.catchUp()
      assert.equal(entries.size, 5)
      await world.recreate()
      const late = await world.open()
      await late.control.put('new', 'value')
      const { entries: found, at: newcomer } = followControl(late)
      await newcomer.catchUp()
      assert.deepEqual([...found], [['new', 'value']])
      if (world.kind === 'embedded') return
      await eventually('what stands there now', async () => {
        await follower.catchUp().catch(() => undefined)
        return entries.has('new') ? true : undefined
      })
      assert.deepEqual([...entries], [['new', 'value']])
    },
  },
]
