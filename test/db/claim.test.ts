import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { shardId } from '../../core/position.ts'
import type { WindowTransaction } from '../../core/shard-store.ts'
import { MysqlStore } from '../../db/mysql-store.ts'
import { systemClock as clock } from '../../runtime/clock.ts'
import { begin, sell, storeError, TestSessions } from './test-sessions.ts'
import { at, claimOf, topic } from './test-shards.ts'

const shards = new TestSessions()

beforeAll(() => shards.setUp())
beforeEach(() => shards.reset())
afterAll(() => shards.drop())

describe('a claim', () => {
  test('starts where the shard stands, later than the claim before', async () => {
    await shards.query('UPDATE sluice_offsets SET next_offset = 5, next_operation = 3')
    const first = await shards.claim()
    const second = await shards.claim()
    expect(second.position).toEqual(at(5, 3))
    expect(second.claimedAtMs).toBeGreaterThan(first.claimedAtMs)
  })

  test('fences off the owner before it', async () => {
    const old = await shards.claim()
    const transaction = await begin(old)
    await transaction.commit()
    const mine = await shards.claim()
    expect(await old.begin(at(1), at(2))).toBe('fenced')
    expect(await old.look()).toBe('lost')
    expect(await old.settle()).toBe('lost')
    await (await begin(mine, 1)).commit()
    expect(await mine.settle()).toEqual(at(2))
  })

  test('kills a zombie that holds the row in an open transaction', async () => {
    const zombie = await shards.claim()
    const transaction = await begin(zombie)
    await transaction.run(sell(1))
    const mine = await shards.claim()
    expect(mine.position).toEqual(at(0))
    // Whether it learns of the kill before it sends COMMIT is the network's affair.
    await expect(transaction.commit()).rejects.toEqual(
      storeError(expect.stringMatching(/^(reconnect|unclear)$/)),
    )
    expect(await zombie.settle()).toBe('lost')
    expect(await shards.soldIds()).toEqual([])
    await (await begin(mine)).commit()
  })

  test('does not kill a stranger that holds the row, and says so', async () => {
    const stranger = await shards.connect()
    await stranger.beginTransaction()
    await stranger.query('SELECT * FROM sluice_offsets FOR UPDATE')
    await expect(shards.claim()).rejects.toEqual(storeError('back_off', /data_locks/))
    await stranger.query('ROLLBACK')
    await shards.claim()
  })

  test('stops where the log is another', async () => {
    await shards.query("UPDATE sluice_offsets SET log_id = 'older', next_offset = 9")
    await expect(shards.claim()).rejects.toEqual(
      storeError(
        'stop',
        /offset 9 of log older, but test.writes is log the-log.*npm run repair -- adopt-log/,
      ),
    )
  })

  test('stops where there is no position', async () => {
    const other = { ...claimOf(), topic: 'other.writes' }
    await expect(shards.claim(shards.store(), other)).rejects.toEqual(
      storeError(
        'stop',
        /its row for other.writes, partition 0, in sluice_offsets is gone. .*repair -- set-position/,
      ),
    )
  })

  test('stops at swapped databases and at another shard map', async () => {
    const { cluster, map } = shards.plan
    const swapped = [...shards.shards].reverse().map(({ url }, i) => ({ shard: shardId(i), url }))
    await expect(
      shards.claim(new MysqlStore({ cluster, map, shards: swapped, clock })),
    ).rejects.toEqual(storeError('stop', /expected shard 0, found shard 1/))
    await expect(
      shards.claim(new MysqlStore({ cluster, map: 'hash:3', shards: shards.shards, clock })),
    ).rejects.toEqual(storeError('stop', /expected map hash:3, found map hash:2/))
    await expect(
      shards.claim(new MysqlStore({ cluster: 'live', map, shards: shards.shards, clock })),
    ).rejects.toEqual(storeError('stop', /expected cluster live, found cluster test/))
  })
})

describe('a look at an idle shard', () => {
  test('finds where it stands now, and leaves no transaction open', async () => {
    const session = await shards.claim()
    expect(await session.look()).toEqual(at(0))
    await shards.query('UPDATE sluice_offsets SET next_offset = 7, next_operation = 2')
    expect(await session.look()).toEqual(at(7, 2))
    await shards.claim()
    expect(await session.look()).toBe('lost')
  })

  test('stops where the log is another by now', async () => {
    const session = await shards.claim()
    await shards.query("UPDATE sluice_offsets SET log_id = 'restored'")
    await expect(session.look()).rejects.toEqual(storeError('stop', /of log restored/))
  })
})

describe('the fence', () => {
  test('finds a position that is not the expected one, and settle tells it', async () => {
    const session = await shards.claim()
    expect(await session.begin(at(3), at(4))).toBe('fenced')
    expect(await session.settle()).toEqual(at(0))
    await (await begin(session)).commit()
  })

  test('moves to a position inside a message', async () => {
    const session = await shards.claim()
    const transaction = await session.begin(at(0), at(0, 7))
    await (transaction as WindowTransaction).commit()
    expect(await session.settle()).toEqual(at(0, 7))
  })
})

test(`the positions of ${topic} have one row per shard`, async () => {
  expect(await shards.query('SELECT topic, partition_id FROM sluice_offsets', 1)).toEqual([
    { topic, partition_id: 1 },
  ])
})
