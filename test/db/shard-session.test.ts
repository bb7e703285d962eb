import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { StoreError } from '../../core/shard-store.ts'
import type { Statement } from '../../core/statement.ts'
import { defaultStoreSettings } from '../../db/session-settings.ts'
import { begin, sell, storeError, TestSessions } from './test-sessions.ts'
import { at } from './test-shards.ts'

const shards = new TestSessions()

beforeAll(() => shards.setUp())
beforeEach(() => shards.reset())
afterAll(() => shards.drop())

describe('an unclear COMMIT', () => {
  test('that took effect is found to have', async () => {
    const session = await shards.claimThroughProxy()
    const transaction = await begin(session)
    await transaction.run(sell(1))
    const cut = shards.proxy.loseAnswerTo('COMMIT')
    await expect(transaction.commit()).rejects.toEqual(storeError('unclear'))
    await cut
    expect(await session.settle()).toEqual(at(1))
    expect(await shards.soldIds()).toEqual([1])
    await (await begin(session, 1)).commit()
  })

  test('that got lost is found to have', async () => {
    const session = await shards.claimThroughProxy()
    const transaction = await begin(session)
    await transaction.run(sell(1))
    const cut = shards.proxy.losePacket('COMMIT')
    await expect(transaction.commit()).rejects.toEqual(storeError('unclear'))
    await cut
    expect(await session.settle()).toEqual(at(0))
    expect(await shards.soldIds()).toEqual([])
    await (await begin(session)).commit()
  })
})

describe('a lost connection', () => {
  test('ends the window, and the next one gets another connection', async () => {
    const session = await shards.claimThroughProxy()
    const transaction = await begin(session)
    const cut = shards.proxy.losePacket('INSERT INTO')
    await expect(transaction.run(sell(1))).rejects.toEqual(storeError('reconnect'))
    await cut
    const again = await begin(session)
    await again.run(sell(2))
    await again.commit()
    expect(await shards.soldIds()).toEqual([2])
    const [row] = await shards.query('SELECT connection_id FROM sluice_offsets')
    const [alive] = await shards.query(
      `SELECT db FROM information_schema.processlist WHERE id = ${row!.connection_id}`,
    )
    expect(alive).toBeDefined()
  })

  test('in silence is ended by the watchdog, though the kill gets no answer either', async () => {
    const settings = { statementTimeoutMs: 200, connectTimeoutMs: 300 }
    const session = await shards.claimThroughProxy(settings)
    const transaction = await begin(session)
    shards.proxy.goSilent()
    await expect(transaction.run(sell(1))).rejects.toEqual(storeError('timeout'))
    await expect(session.begin(at(0), at(1))).rejects.toEqual(storeError('reconnect'))
    shards.proxy.recover()
    const again = await begin(session)
    await again.run(sell(1))
    await again.commit()
    expect(await shards.soldIds()).toEqual([1])
  })

  test('whose end the server still holds is killed, and holds up nobody', async () => {
    const session = await shards.claimThroughProxy()
    const transaction = await begin(session)
    await transaction.run(sell(1))
    shards.proxy.abandon()
    const cut = shards.proxy.losePacket('COMMIT')
    await expect(transaction.commit()).rejects.toEqual(storeError('unclear'))
    await cut
    const startMs = performance.now()
    expect(await session.settle()).toEqual(at(0))
    // Its transaction had the shard's row.
    expect(performance.now() - startMs).toBeLessThan(defaultStoreSettings.lockWaitSeconds * 500)
    await (await begin(session)).commit()
    expect(await shards.soldIds()).toEqual([])
    shards.proxy.recover()
  })

  test('while idle is no error', async () => {
    const session = await shards.claim(shards.store({ idleSeconds: 1 }))
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
    expect(await session.look()).toEqual(at(0))
    await (await begin(session)).commit()
  })

  test('does not bring back an epoch that was taken over meanwhile', async () => {
    const old = await shards.claimThroughProxy()
    const cut = shards.proxy.losePacket('INSERT INTO')
    const transaction = await begin(old)
    await expect(transaction.run(sell(1))).rejects.toEqual(storeError('reconnect'))
    await cut
    await shards.claim()
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
    const session = await shards.claim(shards.store({ lockWaitSeconds: 1 }))
    const transaction = await begin(session)
    await transaction.run(sell(1, 2))
    const remove: Statement = { ...sell(5), effect: 'delete' }
    await expect(transaction.run(remove)).rejects.toEqual(storeError('timeout'))
    await online.query('ROLLBACK')
    expect(await shards.soldIds()).toEqual([5])
    await (await begin(session)).commit()
  })
})

describe('a deadlock', () => {
  test('is to be tried again, and nothing runs outside the fence after it', async () => {
    const big = Array.from({ length: 50 }, (_, i) => `(${i + 100}, 'online ${i}')`)
    await shards.query("INSERT INTO tickets VALUES (1, 'a'), (2, 'b')")
    const online = await shards.connect()
    const session = await shards.claim()
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
    expect(await shards.soldIds()).toEqual([1, 2])
  })
})

describe('the watchdog', () => {
  test('ends a statement that takes too long, on the server too', async () => {
    await shards.query(
      'CREATE TRIGGER slow BEFORE INSERT ON tickets FOR EACH ROW SET @slept = SLEEP(60)',
    )
    const session = await shards.claim(shards.store({ statementTimeoutMs: 300 }))
    const transaction = await begin(session)
    await expect(transaction.run(sell(1))).rejects.toEqual(storeError('timeout', /300 ms/))
    await shards.query('DROP TRIGGER slow')
    expect(await shards.soldIds()).toEqual([])
    const again = await begin(session)
    await again.run(sell(2))
    await again.commit()
    expect(await shards.soldIds()).toEqual([2])
  })
})

describe('a savepoint', () => {
  test('takes back what came after it, and only that', async () => {
    const session = await shards.claim()
    const transaction = await begin(session)
    await transaction.run(sell(1))
    await transaction.savepoint()
    await transaction.run(sell(2))
    await transaction.rollbackToSavepoint()
    await transaction.run(sell(3))
    await transaction.commit()
    expect(await shards.soldIds()).toEqual([1, 3])
  })

  test('that is not there ends the window: what it was in is gone', async () => {
    const session = await shards.claim()
    const transaction = await begin(session)
    await transaction.run(sell(1))
    const before = await windowConnection()
    await expect(transaction.rollbackToSavepoint()).rejects.toEqual(storeError('retry'))
    await (await begin(session)).commit()
    expect(await shards.soldIds()).toEqual([])
    // Nobody knows what the connection has open: the next window does not run on it.
    expect(await windowConnection()).not.toBe(before)
  })
})

async function windowConnection(): Promise<string> {
  const [row] = await shards.query('SELECT connection_id FROM sluice_offsets')
  return String(row!.connection_id)
}

test('a row trigger may reject rows, and its text stays in the database', async () => {
  await shards.query(
    "CREATE TRIGGER picky BEFORE INSERT ON tickets FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no secret'",
  )
  const session = await shards.claim()
  const transaction = await begin(session)
  expect(await transaction.run(sell(1))).toMatchObject({
    kind: 'failed',
    failure: { code: 'rejected_by_trigger', message: 'a trigger rejected it: SQLSTATE 45000' },
  })
  await transaction.rollback()
  await shards.query('DROP TRIGGER picky')
})

test('a table that is not as expected stops the shard, and the error holds no values', async () => {
  await shards.query('ALTER TABLE tickets RENAME COLUMN seat TO chair')
  const session = await shards.claim()
  const transaction = await begin(session)
  const error = await transaction.run(sell(1)).catch((caught: StoreError) => caught)
  expect(error).toEqual(
    storeError(
      'stop',
      /ticket can't be written, ER_BAD_FIELD_ERROR: column tickets.seat is missing/,
    ),
  )
  expect(JSON.stringify(error) + String(error)).not.toContain('seat 1')
  await shards.query('ALTER TABLE tickets RENAME COLUMN chair TO seat')
})

test('only one window of a shard is open at a time', async () => {
  const session = await shards.claim()
  const transaction = await begin(session)
  await expect(session.begin(at(0), at(1))).rejects.toThrow('open already')
  await transaction.rollback()
  await expect(transaction.commit()).rejects.toThrow('this transaction is over')
})
