import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { shardId } from '../../core/position.ts'
import { HeldShard, type Repair, readShardRow } from '../../db/shard-repair.ts'
import { systemClock } from '../../runtime/clock.ts'
import { allTypes, ownTables } from './sample-types.ts'
import { at, claimOf, logId, TestShards, topic } from './test-shards.ts'

let shards: TestShards

beforeEach(async () => {
  shards = new TestShards(1, ownTables, allTypes)
  await shards.migrate()
})
afterEach(() => shards.drop())

const target = () => ({
  address: shards.shards[0]!,
  cluster: 'test',
  map: 'hash:1',
  topic,
  clock: systemClock,
})

async function repairShard(repair: Repair, of = target()): Promise<void> {
  const held = await HeldShard.hold(of)
  try {
    await held.repair(repair)
  } finally {
    await held.release()
  }
}

function repairTo(position: ReturnType<typeof at>, given: Partial<Repair> = {}): Repair {
  return {
    ...{ command: 'set-position', who: 'dba', reason: 'a test', effect: 'nothing' },
    to: { logId, position },
    epoch: crypto.randomUUID(),
    undecodable: [],
    cancelled: new Map(),
    outdated: [],
    ...given,
  }
}

test('whoever owns the shard loses it, also amid a window', async () => {
  const session = await shards.store().claim(shardId(0), claimOf())
  expect(await readShardRow(target())).toMatchObject({ owner: 'a worker', isOwned: true })
  const window = await session.begin(at(0), at(1))
  await repairShard(repairTo(at(5, 2)))
  if (window === 'fenced') throw new Error('fenced')
  await expect(window.commit()).rejects.toThrow()
  expect(await session.look()).toBe('lost')
  expect(await session.begin(at(5, 2), at(6))).toBe('fenced')
  expect(await session.settle()).toBe('lost')
  const row = await readShardRow(target())
  expect(row).toEqual({ logId, position: at(5, 2), owner: 'repair by dba', isOwned: false })
  const next = await shards.store().claim(shardId(0), claimOf())
  expect([next.position, await next.look()]).toEqual([at(5, 2), at(5, 2)])
})

test('nobody moves a shard while it is held, and its worker goes on once it is let go', async () => {
  const session = await shards.store().claim(shardId(0), claimOf())
  const held = await HeldShard.hold(target())
  expect(held.row).toMatchObject({ position: at(0) })
  const begins = session.begin(at(0), at(1))
  const first = await Promise.race([begins.then(() => 'the worker'), wait(300, 'nobody')])
  expect(first).toBe('nobody')
  await held.release()
  const window = await begins
  if (window === 'fenced') throw new Error('fenced')
  await window.commit()
  expect(await readShardRow(target())).toMatchObject({ position: at(1), isOwned: true })
  expect(await shards.query('SELECT * FROM sluice_audit')).toEqual([])
})

test('a shard held by a window that does not end is taken from it', async () => {
  const session = await shards.store().claim(shardId(0), claimOf())
  const window = await session.begin(at(0), at(1))
  if (window === 'fenced') throw new Error('fenced')
  const held = await HeldShard.hold(target())
  expect(held.row).toMatchObject({ position: at(0) })
  await expect(window.commit()).rejects.toThrow()
  await held.release()
})

test('of failures that are outdated none stays, and no other one goes', async () => {
  const failures = [
    ['again', 3],
    ['again', 4],
    ['again', 9],
    ['again', 10],
    ['once', 5],
  ] as const
  for (const [job, operation] of failures) {
    await shards.query(
      `INSERT INTO sluice_failures (job, operation, type, op, code, message, at) VALUES ('${job}', ${operation}, '', '', '', '', NOW())`,
    )
  }
  // It was sent again: its mark keeps a copy of that retry from taking effect.
  await shards.query(`UPDATE sluice_failures SET retried_at = NOW() WHERE operation = 4`)
  const outdated = [
    { job: 'again', first: 4, last: 9 },
    { job: 'not there', first: 0, last: 9 },
  ]
  await repairShard(repairTo(at(5), { outdated }))
  const left = 'SELECT job, operation FROM sluice_failures ORDER BY job, operation'
  expect(await shards.query(left)).toEqual([
    { job: 'again', operation: '3' },
    { job: 'again', operation: '4' },
    { job: 'again', operation: '10' },
    { job: 'once', operation: '5' },
  ])
})

test('position, failures, counts and audit change together, or not at all', async () => {
  const bytes = new Uint8Array([1, 2])
  const repair = repairTo(at(5), {
    undecodable: [{ offset: 4, bytes, reason: 'it has something new' }],
    cancelled: new Map([['a job', 12]]),
  })
  const recorded = async () => [
    (await readShardRow(target())).position,
    await shards.query('SELECT operation FROM sluice_failures'),
    await shards.query('SELECT job, cancelled FROM sluice_outcomes'),
  ]
  const audit = 'RENAME TABLE sluice_audit TO audit_elsewhere'
  await shards.query(audit)
  await expect(repairShard(repair)).rejects.toThrow(/ER_NO_SUCH_TABLE.*npm run migrate/)
  expect(await recorded()).toEqual([at(0), [], []])

  await shards.query('RENAME TABLE audit_elsewhere TO sluice_audit')
  await repairShard(repair)
  expect(await recorded()).toEqual([
    at(5),
    [{ operation: '4' }],
    [{ job: 'a job', cancelled: '12' }],
  ])
  expect(await shards.query('SELECT moved_from, moved_to FROM sluice_audit')).toEqual([
    { moved_from: '0.0 of log the-log', moved_to: '5.0 of log the-log' },
  ])
})

test('the database of another shard is not touched', async () => {
  const other = { ...target(), map: 'hash:2' }
  await expect(repairShard(repairTo(at(5)), other)).rejects.toThrow(/expected map hash:2/)
  await expect(readShardRow(other)).rejects.toThrow(/expected map hash:2/)
})

test('a shard whose row is gone is put where the operator says', async () => {
  await shards.query('DELETE FROM sluice_offsets')
  await expect(readShardRow(target())).rejects.toThrow(/is gone.*npm run repair -- set-position/)
  await repairShard(repairTo(at(5, 2)))
  const session = await shards.store().claim(shardId(0), claimOf())
  expect(session.position).toEqual(at(5, 2))
  expect(await shards.query('SELECT moved_from, moved_to FROM sluice_audit')).toEqual([
    { moved_from: 'nowhere', moved_to: `5.2 of log ${logId}` },
  ])
})
