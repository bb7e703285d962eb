import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { shardId } from '../../core/position.ts'
import type { ShardSession, StoreError, WindowTransaction } from '../../core/shard-store.ts'
import type { Statement } from '../../core/statement.ts'
import { MysqlStore } from '../../db/mysql-store.ts'
import { MysqlProxy } from './mysql-proxy.ts'
import { allTypes, ownTables, ticket } from './sample-types.ts'
import { at, claimOf, logId, TestShards, topic } from './test-shards.ts'

const shards = new TestShards(2, ownTables, allTypes)
const shard = shardId(0)
let proxy: MysqlProxy
const open: ShardSession[] = []

beforeAll(async () => {
  await shards.migrate()
  proxy = await MysqlProxy.open(shards.shards[0]!.url)
})
afterAll(async () => {
  await proxy?.close()
  await shards.drop()
})
beforeEach(async () => {
  await shards.query('DELETE FROM tickets')
  await shards.query(`UPDATE sluice_offsets SET next_offset = 0, log_id = '${logId}'`)
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()))
})

async function claim(store = shards.store(), claimed = claimOf()): Promise<ShardSession> {
  const session = await store.claim(shard, claimed)
  open.push(session)
  return session
}

/** A session whose wire can be cut. */
function claimThroughProxy(settings = {}): Promise<ShardSession> {
  const { cluster, map } = shards.plan
  const url = proxy.through(shards.shards[0]!.url)
  return claim(new MysqlStore({ cluster, map, shards: [{ shard, url }], settings }))
}

async function begin(session: ShardSession, from = 0, to = from + 1): Promise<WindowTransaction> {
  const transaction = await session.begin(at(from), at(to))
  if (transaction === 'fenced') throw new Error('fenced')
  return transaction
}

const sell = (...ids: number[]): Statement => ({
  ...{ type: ticket, effect: 'create', table: 0 },
  rows: ids.map((id) => ({ set: { id: String(id), seat: `seat ${id}` } })),
})

const soldIds = async () =>
  (await shards.query('SELECT id FROM tickets ORDER BY id')).map(({ id }) => Number(id))

const storeError = (action: unknown, message?: RegExp) =>
  expect.objectContaining({
    ...{ name: 'StoreError', action },
    message: message ? expect.stringMatching(message) : expect.any(String),
  })

describe('a claim', () => {
  test('starts where the shard stands, later than the claim before', async () => {
    await shards.query('UPDATE sluice_offsets SET next_offset = 5, next_operation = 3')
    const first = await claim()
    const second = await claim()
    expect(second.position).toEqual(at(5, 3))
    expect(second.claimedAtMs).toBeGreaterThan(first.claimedAtMs)
    await shards.query('UPDATE sluice_offsets SET next_operation = 0')
  })

  test('fences off the owner before it', async () => {
    const old = await claim()
    const transaction = await begin(old)
    await transaction.commit()
    const mine = await claim()
    expect(await old.begin(at(1), at(2))).toBe('fenced')
    expect(await old.settle()).toBe('lost')
    await (await begin(mine, 1)).commit()
    expect(await mine.settle()).toEqual(at(2))
  })

  test('kills a zombie that holds the row in an open transaction', async () => {
    const zombie = await claim()
    const transaction = await begin(zombie)
    await transaction.run(sell(1))
    const mine = await claim()
    expect(mine.position).toEqual(at(0))
    // Whether it learns of the kill before it sends COMMIT is the network's affair.
    await expect(transaction.commit()).rejects.toEqual(
      storeError(expect.stringMatching(/^(reconnect|unclear)$/)),
    )
    expect(await zombie.settle()).toBe('lost')
    expect(await soldIds()).toEqual([])
    await (await begin(mine)).commit()
  })

  test('does not kill a stranger that holds the row, and says so', async () => {
    const stranger = await shards.connect()
    await stranger.beginTransaction()
    await stranger.query('SELECT * FROM sluice_offsets FOR UPDATE')
    await expect(claim()).rejects.toEqual(storeError('back_off', /data_locks/))
    await stranger.query('ROLLBACK')
    await claim()
  })

  test('stops where the log is another', async () => {
    await shards.query("UPDATE sluice_offsets SET log_id = 'older', next_offset = 9")
    await expect(claim()).rejects.toEqual(
      storeError('stop', /offset 9 of log older, but test.writes is log the-log.*npm run migrate/),
    )
  })

  test('stops where there is no position', async () => {
    const other = { ...claimOf(), topic: 'other.writes' }
    await expect(claim(shards.store(), other)).rejects.toEqual(
      storeError('stop', /no row for other.writes, partition 0. Run npm run migrate/),
    )
  })

  test('stops at swapped databases and at another shard map', async () => {
    const { cluster, map } = shards.plan
    const swapped = [...shards.shards].reverse().map(({ url }, i) => ({ shard: shardId(i), url }))
    await expect(claim(new MysqlStore({ cluster, map, shards: swapped }))).rejects.toEqual(
      storeError('stop', /expected shard 0, found shard 1/),
    )
    await expect(
      claim(new MysqlStore({ cluster, map: 'hash:3', shards: shards.shards })),
    ).rejects.toEqual(storeError('stop', /expected map hash:3, found map hash:2/))
    await expect(
      claim(new MysqlStore({ cluster: 'live', map, shards: shards.shards })),
    ).rejects.toEqual(storeError('stop', /expected cluster live, found cluster test/))
  })
})

describe('the fence', () => {
  test('finds a position that is not the expected one, and settle tells it', async () => {
    const session = await claim()
    expect(await session.begin(at(3), at(4))).toBe('fenced')
    expect(await session.settle()).toEqual(at(0))
    await (await begin(session)).commit()
  })

  test('moves to a position inside a message', async () => {
    const session = await claim()
    const transaction = await session.begin(at(0), at(0, 7))
    await (transaction as WindowTransaction).commit()
    expect(await session.settle()).toEqual(at(0, 7))
    await shards.query('UPDATE sluice_offsets SET next_operation = 0')
  })
})

describe('an unclear COMMIT', () => {
  test('that took effect is found to have', async () => {
    const session = await claimThroughProxy()
    const transaction = await begin(session)
    await transaction.run(sell(1))
    const cut = proxy.loseAnswerTo('COMMIT')
    await expect(transaction.commit()).rejects.toEqual(storeError('unclear'))
    await cut
    expect(await session.settle()).toEqual(at(1))
    expect(await soldIds()).toEqual([1])
    await (await begin(session, 1)).commit()
  })

  test('that got lost is found to have', async () => {
    const session = await claimThroughProxy()
    const transaction = await begin(session)
    await transaction.run(sell(1))
    const cut = proxy.losePacket('COMMIT')
    await expect(transaction.commit()).rejects.toEqual(storeError('unclear'))
    await cut
    expect(await session.settle()).toEqual(at(0))
    expect(await soldIds()).toEqual([])
    await (await begin(session)).commit()
  })
})

describe('a lost connection', () => {
  test('ends the window, and the next one gets another connection', async () => {
    const session = await claimThroughProxy()
    const transaction = await begin(session)
    const cut = proxy.losePacket('JSON_TABLE')
    await expect(transaction.run(sell(1))).rejects.toEqual(storeError('reconnect'))
    await cut
    const again = await begin(session)
    await again.run(sell(2))
    await again.commit()
    expect(await soldIds()).toEqual([2])
    const [row] = await shards.query('SELECT connection_id FROM sluice_offsets')
    const [alive] = await shards.query(
      `SELECT db FROM information_schema.processlist WHERE id = ${row!.connection_id}`,
    )
    expect(alive).toBeDefined()
  })

  test('in silence is ended by the watchdog, though the kill gets no answer either', async () => {
    const settings = { statementTimeoutMs: 200, connectTimeoutMs: 300 }
    const session = await claimThroughProxy(settings)
    const transaction = await begin(session)
    proxy.goSilent()
    await expect(transaction.run(sell(1))).rejects.toEqual(storeError('timeout'))
    await expect(session.begin(at(0), at(1))).rejects.toEqual(storeError('reconnect'))
    proxy.recover()
    const again = await begin(session)
    await again.run(sell(1))
    await again.commit()
    expect(await soldIds()).toEqual([1])
  })

  test('while idle is no error', async () => {
    const session = await claim(shards.store({ idleSeconds: 1 }))
    await expect
      .poll(
        async () => {
          const [row] = await shards.query(
            'SELECT COUNT(p.id) AS alive FROM sluice_offsets o JOIN information_schema.processlist p ON p.id = o.connection_id',
          )
          return row!.alive
        },
        { timeout: 5000 },
      )
      .toBe('0')
    await (await begin(session)).commit()
  })

  test('does not bring back an epoch that was taken over meanwhile', async () => {
    const old = await claimThroughProxy()
    const cut = proxy.losePacket('JSON_TABLE')
    const transaction = await begin(old)
    await expect(transaction.run(sell(1))).rejects.toEqual(storeError('reconnect'))
    await cut
    await claim()
    expect(await old.begin(at(0), at(1))).toBe('fenced')
    expect(await old.settle()).toBe('lost')
  })
})

describe('a lock that another session holds', () => {
  test('ends the window as a timeout, with nothing half applied', async () => {
    await shards.query("INSERT INTO tickets VALUES (5, 'held')")
    const online = await shards.connect()
    await online.beginTransaction()
    await online.query('SELECT * FROM tickets WHERE id = 5 FOR UPDATE')
    const session = await claim(shards.store({ lockWaitSeconds: 1 }))
    const transaction = await begin(session)
    await transaction.run(sell(1, 2))
    const remove: Statement = { ...sell(5), effect: 'delete' }
    await expect(transaction.run(remove)).rejects.toEqual(storeError('timeout'))
    await online.query('ROLLBACK')
    expect(await soldIds()).toEqual([5])
    await (await begin(session)).commit()
  })
})

describe('a deadlock', () => {
  test('is to be tried again, and nothing runs outside the fence after it', async () => {
    const big = Array.from({ length: 50 }, (_, i) => `(${i + 100}, 'online ${i}')`)
    await shards.query("INSERT INTO tickets VALUES (1, 'a'), (2, 'b')")
    const online = await shards.connect()
    const session = await claim()
    const transaction = await begin(session)
    await transaction.savepoint()
    const remove = (id: number): Statement => ({ ...sell(id), effect: 'delete' })
    await transaction.run(remove(1))
    await online.beginTransaction()
    // The transaction that changed fewer rows is the victim.
    await online.query(`INSERT INTO tickets VALUES ${big.join()}`)
    await online.query('SELECT * FROM tickets WHERE id = 2 FOR UPDATE')
    const waits = online.query('SELECT * FROM tickets WHERE id = 1 FOR UPDATE')
    await expect
      .poll(async () => {
        const [row] = await shards.query(
          'SELECT COUNT(*) AS waits FROM performance_schema.data_lock_waits',
        )
        return row!.waits
      })
      .not.toBe('0')
    await expect(transaction.run(remove(2))).rejects.toEqual(storeError('retry'))
    await expect(transaction.rollbackToSavepoint()).rejects.toThrow('this transaction is over')
    await waits
    await online.query('ROLLBACK')
    expect(await session.settle()).toEqual(at(0))
    expect(await soldIds()).toEqual([1, 2])
  })
})

describe('the watchdog', () => {
  test('ends a statement that takes too long, on the server too', async () => {
    await shards.query(
      'CREATE TRIGGER slow BEFORE INSERT ON tickets FOR EACH ROW SET @slept = SLEEP(60)',
    )
    const session = await claim(shards.store({ statementTimeoutMs: 300 }))
    const transaction = await begin(session)
    await expect(transaction.run(sell(1))).rejects.toEqual(storeError('timeout', /300 ms/))
    await shards.query('DROP TRIGGER slow')
    expect(await soldIds()).toEqual([])
    const again = await begin(session)
    await again.run(sell(2))
    await again.commit()
    expect(await soldIds()).toEqual([2])
  })
})

describe('a savepoint', () => {
  test('takes back what came after it, and only that', async () => {
    const session = await claim()
    const transaction = await begin(session)
    await transaction.run(sell(1))
    await transaction.savepoint()
    await transaction.run(sell(2))
    await transaction.rollbackToSavepoint()
    await transaction.run(sell(3))
    await transaction.commit()
    expect(await soldIds()).toEqual([1, 3])
  })

  test('that is not there ends the window: what it was in is gone', async () => {
    const session = await claim()
    const transaction = await begin(session)
    await transaction.run(sell(1))
    await expect(transaction.rollbackToSavepoint()).rejects.toEqual(storeError('retry'))
    await (await begin(session)).commit()
    expect(await soldIds()).toEqual([])
  })
})

test('a row trigger may reject rows, and its text stays in the database', async () => {
  await shards.query(
    "CREATE TRIGGER picky BEFORE INSERT ON tickets FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no secret'",
  )
  const session = await claim()
  const transaction = await begin(session)
  expect(await transaction.run(sell(1))).toEqual({
    kind: 'failed',
    failure: { code: 'rejected_by_trigger', message: 'a trigger rejected it: SQLSTATE 45000' },
  })
  await transaction.rollback()
  await shards.query('DROP TRIGGER picky')
})

test('a table that is not as expected stops the shard, and the error holds no values', async () => {
  await shards.query('ALTER TABLE tickets RENAME COLUMN seat TO chair')
  const session = await claim()
  const transaction = await begin(session)
  const error = await transaction.run(sell(1)).catch((caught: StoreError) => caught)
  expect(error).toEqual(storeError('stop', /ER_BAD_FIELD_ERROR.*npm run migrate/))
  expect(JSON.stringify(error) + String(error)).not.toContain('seat 1')
  await shards.query('ALTER TABLE tickets RENAME COLUMN chair TO seat')
})

test('only one window of a shard is open at a time', async () => {
  const session = await claim()
  const transaction = await begin(session)
  await expect(session.begin(at(0), at(1))).rejects.toThrow('open already')
  await transaction.rollback()
  await expect(transaction.commit()).rejects.toThrow('this transaction is over')
})

test(`the positions of ${topic} have one row per shard`, async () => {
  expect(await shards.query('SELECT topic, partition_id FROM sluice_offsets', 1)).toEqual([
    { topic, partition_id: 1 },
  ])
})
