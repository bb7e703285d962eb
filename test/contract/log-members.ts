import assert from 'node:assert/strict'
import type { Assignment } from '../../core/log.ts'
import type { LogCase } from './log.ts'
import { assigned, at, eventually, rejectsWith, shard } from './log-steps.ts'

const all = ({ shards }: Assignment) => shards.length === 4
const half = ({ shards }: Assignment) => shards.length === 2
const sorted = (...assignments: Assignment[]) => assignments.flatMap(({ shards }) => shards).sort()

export const memberCases: readonly LogCase[] = [
  {
    name: 'the only member gets every shard',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const member = await log.join()
      assert.deepEqual(sorted(await assigned(member, all)), [0, 1, 2, 3])
    },
  },
  {
    name: 'the offsets that a member reports are kept for its group',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const member = await log.join()
      await assigned(member, all)
      for (const next of [5, 6, 7]) await member.commit(shard(1), at(next))
      await eventually(
        'the offset',
        async () => (await world.reported(shard(1))) === 7 || undefined,
      )
      await member.commit(shard(2), at(9))
      await member.leave()
      assert.equal(await world.reported(shard(2)), 9)
    },
  },
  {
    name: 'joining afresh gives a newer generation, in this process and in the next',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const member = await log.join()
      const first = await assigned(member, all)
      await member.rejoin()
      const second = await assigned(member, all, first.generation)
      await member.leave()
      const again = await log.join()
      const third = await assigned(again, all)
      assert.ok(third.generation > second.generation)
      await again.leave()
    },
  },
  {
    name: 'a member that leaves hears nothing more',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const member = await log.join()
      const { generation } = await assigned(member, all)
      const next = member.next(generation)
      await member.leave()
      assert.equal(await next, undefined)
      assert.equal(await member.next(-1), undefined)
    },
  },
  {
    name: 'two members share the shards, and one that leaves hands its own over at once',
    only: 'kafka',
    async run(world) {
      await world.migrate()
      const [one, two] = [await world.open(), await world.open()]
      const first = await one.join()
      const alone = await assigned(first, all)
      const second = await two.join()
      const [a, b] = await Promise.all([
        assigned(first, half, alone.generation),
        assigned(second, half),
      ])
      assert.deepEqual(sorted(a, b), [0, 1, 2, 3])
      // What stays, stays where it was.
      assert.ok(a.shards.every((n) => alone.shards.includes(n)))
      const startMs = performance.now()
      await second.leave()
      assert.deepEqual(sorted(await assigned(first, all, a.generation)), [0, 1, 2, 3])
      assert.ok(performance.now() - startMs < 4000, 'the session ran out instead')
    },
  },
  {
    name: 'a member that is killed loses its shards to the others',
    only: 'kafka',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const member = await log.join()
      const alone = await assigned(member, all)
      const other = await world.startMember()
      const shared = await assigned(member, half, alone.generation)
      await other.kill()
      await assigned(member, all, shared.generation)
    },
  },
  {
    name: 'a second worker is refused and told which one is there; a kill frees the log at once',
    only: 'embedded',
    async run(world) {
      await world.migrate()
      const log = await world.open()
      const other = await world.startMember()
      const error = await rejectsWith('locked', log.join())
      assert.match(error.message, /the other member/)
      await other.kill()
      const startMs = performance.now()
      const member = await eventually('the lock is free', () => log.join().catch(() => undefined))
      assert.ok(performance.now() - startMs < 500)
      assert.deepEqual(sorted(await assigned(member, all)), [0, 1, 2, 3])
      await rejectsWith('locked', (await world.open()).join())
    },
  },
]
