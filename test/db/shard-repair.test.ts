import { afterEach, beforeEach, expect, test } from 'vitest'
import { shardId } from '../../core/position.ts'
import { type Repair, readShardRow, repairShard } from '../../db/shard-repair.ts'
import { allTypes, ownTables } from './sample-types.ts'
import { at, claimOf, logId, TestShards, topic } from './test-shards.ts'

let shards: TestShards

beforeEach(async () => {
  shards = new TestShards(1, ownTables, allTypes)
  await shards.migrate()
})
afterEach(() => shards.drop())

const target = () => ({ address: shards.shards[0]!, cluster: 'test', map: 'hash:1', topic })

function repairTo(position: ReturnType<typeof at>, given: Partial<Repair> = {}): Repair {
  return {
    ...{ command: 'set-position', who: 'dba', reason: 'a test', effect: 'nothing' },
    from: { logId, position: at(0) },
    to: { logId, position },
    epoch: crypto.randomUUID(),
    undecodable: [],
    cancelled: new Map(),
    ...given,
  }
}

test('whoever owns the shard loses it, also amid a window', async () => {
  const session = await shards.store().claim(shardId(0), claimOf())
  expect(await readShardRow(target())).toMatchObject({ owner: 'a worker', isOwned: true })
  const window = await session.begin(at(0), at(1))
  expect(await repairShard(target(), repairTo(at(5, 2)))).toBe(true)
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

test('a shard that moved meanwhile is left alone', async () => {
  const from = { logId, position: at(3) }
  expect(await repairShard(target(), repairTo(at(5), { from }))).toBe(false)
  const older = { logId: 'an older log', position: at(0) }
  expect(await repairShard(target(), repairTo(at(5), { from: older }))).toBe(false)
  expect(await readShardRow(target())).toMatchObject({ position: at(0) })
  expect(await shards.query('SELECT * FROM sluice_audit')).toEqual([])
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
  await expect(repairShard(target(), repair)).rejects.toThrow(/ER_NO_SUCH_TABLE.*npm run migrate/)
  expect(await recorded()).toEqual([at(0), [], []])

  await shards.query('RENAME TABLE audit_elsewhere TO sluice_audit')
  expect(await repairShard(target(), repair)).toBe(true)
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
  await expect(repairShard(other, repairTo(at(5)))).rejects.toThrow(/expected map hash:2/)
  await expect(readShardRow(other)).rejects.toThrow(/expected map hash:2/)
})

test('a shard whose row is gone is put where the operator says', async () => {
  await shards.query('DELETE FROM sluice_offsets')
  await expect(readShardRow(target())).rejects.toThrow(/is gone.*npm run repair -- set-position/)
  expect(await repairShard(target(), repairTo(at(5)))).toBe(false)
  expect(await repairShard(target(), { ...repairTo(at(5, 2)), from: undefined })).toBe(true)
  expect(await repairShard(target(), { ...repairTo(at(6)), from: undefined })).toBe(false)
  const session = await shards.store().claim(shardId(0), claimOf())
  expect(session.position).toEqual(at(5, 2))
  expect(await shards.query('SELECT moved_from, moved_to FROM sluice_audit')).toEqual([
    { moved_from: 'nowhere', moved_to: `5.2 of log ${logId}` },
  ])
})
