import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { shardId } from '../../core/position.ts'
import { defaultStoreSettings, windowSettings } from '../../db/session-settings.ts'
import { ShardConnection } from '../../db/shard-connection.ts'
import { TestShards } from './test-shards.ts'

const shards = new TestShards(1, [], [])
const settings = windowSettings(defaultStoreSettings)

beforeAll(() => shards.migrate())
afterAll(() => shards.drop())

const open = (url = shards.shards[0]!.url, overrides = {}) =>
  ShardConnection.open({
    ...{ address: { shard: shardId(0), url }, settings },
    ...{ connectTimeoutMs: 2000, statementTimeoutMs: 5000, ...overrides },
  })

test('a session has the settings that exactly-once writing rests on', async () => {
  const connection = await open()
  const [row] = await connection.read(
    'SELECT @@autocommit AS autocommit, @@transaction_isolation AS isolation, @@time_zone AS zone, @@sql_mode AS modes, @@innodb_lock_wait_timeout AS lock_wait',
  )
  expect(row).toMatchObject({
    ...{ autocommit: '0', isolation: 'READ-COMMITTED', zone: '+00:00', lock_wait: '3' },
    modes: expect.stringMatching(/^(?=.*NO_AUTO_VALUE_ON_ZERO)(?=.*STRICT_ALL_TABLES)/),
  })
  const attributes = await shards.query(
    `SELECT attr_name, attr_value FROM performance_schema.session_connect_attrs WHERE processlist_id = ${connection.id} AND attr_name LIKE '%s%' ORDER BY 1`,
  )
  expect(attributes.map((row) => Object.values(row))).toEqual(
    expect.arrayContaining([['sluice_shard', '0']]),
  )
  await connection.close()
})

test('a setting that does not stick stops the shard', async () => {
  // MySQL rounds it up to its minimum of 1 without an error, as a proxy might.
  const odd = { ...settings, innodb_lock_wait_timeout: 0 }
  await expect(open(undefined, { settings: odd })).rejects.toMatchObject({
    action: 'stop',
    message: expect.stringContaining('innodb_lock_wait_timeout is 1, expected 0'),
  })
})

describe('a server', () => {
  test('that is away is one to connect to anew', async () => {
    await expect(open('mysql://root@127.0.0.1:1/sluice_0')).rejects.toMatchObject({
      ...{ action: 'reconnect', code: 'ECONNREFUSED' },
      message: 'shard 0 (127.0.0.1:1/sluice_0): the connection failed (ECONNREFUSED)',
    })
  })

  test('that says nothing is given up after the timeout', async () => {
    const mute = createServer((socket) => socket.on('error', () => {})).listen(0)
    const { port } = mute.address() as AddressInfo
    await expect(
      open(`mysql://root@127.0.0.1:${port}/sluice_0`, { connectTimeoutMs: 100 }),
    ).rejects.toMatchObject({ action: 'reconnect', code: 'ETIMEDOUT' })
    mute.close()
  })

  test('without the database, or that refuses the password, stops the shard', async () => {
    const url = new URL(inject('mysqlUrl'))
    url.pathname = '/no_such_database'
    await expect(open(url.href)).rejects.toMatchObject({
      ...{ action: 'stop', message: expect.stringMatching(/no_such_database.*npm run migrate/) },
    })
    url.password = 'wrong secret'
    const refused = await open(url.href).catch((error: Error) => error)
    expect(refused).toMatchObject({ action: 'stop', code: 'ER_ACCESS_DENIED_ERROR' })
    expect(String(refused)).not.toContain('secret')
  })
})
