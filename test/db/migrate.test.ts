import { getTableName } from 'drizzle-orm'
import { createConnection } from 'mysql2/promise'
import { afterAll, afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { offset, shardId } from '../../core/position.ts'
import { checkShard } from '../../db/check-shard.ts'
import { migrate } from '../../db/migrate.ts'
import { printMigration } from '../../db/migration.ts'
import { sluiceTables } from '../../db/schema.ts'
import { allTypes, ownTables } from './sample-types.ts'
import { databaseName, TestShards } from './test-shards.ts'

let shards: TestShards
const made: TestShards[] = []

beforeEach(() => {
  shards = new TestShards(2, ownTables, allTypes)
  made.push(shards)
})
afterEach(async () => {
  for (const each of made.splice(0)) await each.drop()
})
afterAll(() => {
  expect(made).toEqual([])
})

const check = (overrides = {}) => checkShard(shards.shards[0]!, { ...shards.plan, ...overrides })
const stop = (message: RegExp) => ({ action: 'stop', message: expect.stringMatching(message) })

test('makes databases, tables, identity and first positions, and names what it did', async () => {
  const steps = await migrate({ ...shards.plan, earliest: (shard) => offset(shard * 100) })
  expect(steps.filter(({ shard }) => shard === 1).map(({ done }) => done)).toEqual([
    `made database ${databaseName(shards.shards[1]!)}`,
    ...sluiceTables.map((table) => `made table ${getTableName(table)}`),
    ...['users', 'pins', 'board_pins', 'notes', 'tickets'].map((table) => `made table ${table}`),
    'set its position to offset 100 of test.writes',
    'made it shard 1 of test',
  ])
  expect(await shards.query('SELECT * FROM sluice_identity', 1)).toEqual([
    { id: 1, cluster: 'test', shard: 1, map: 'hash:2' },
  ])
  await check()
})

test('repeating it changes nothing', async () => {
  await shards.migrate()
  await shards.query('UPDATE sluice_offsets SET next_offset = 7')
  const before = await shards.query('SELECT * FROM sluice_offsets')
  expect(await shards.migrate()).toEqual([])
  expect(await shards.query('SELECT * FROM sluice_offsets')).toEqual(before)
})

test('adds what is missing', async () => {
  await shards.migrate()
  await shards.query('DROP TABLE sluice_outcomes')
  expect(await shards.migrate()).toEqual([{ shard: 0, done: 'made table sluice_outcomes' }])
})

test("adds columns that Sluice's tables of an earlier version lack, and keeps their rows", async () => {
  await shards.migrate()
  await shards.query('ALTER TABLE sluice_failures DROP COLUMN amounts')
  await shards.query(
    `INSERT INTO sluice_failures (job, operation, type, op, code, message, at)
      VALUES ('job', 3, 'pin', 'increment', 'not_found', 'why', UTC_TIMESTAMP(3))`,
  )
  await expect(check()).rejects.toMatchObject(
    stop(/column sluice_failures.amounts is missing.*npm run migrate/),
  )
  const added = { shard: 0, done: 'added column amounts to sluice_failures' }
  expect(await shards.migrate()).toEqual([added])
  expect(await shards.query('SELECT operation, amounts FROM sluice_failures')).toEqual([
    { operation: '3', amounts: null },
  ])
  expect(await shards.migrate()).toEqual([])
  await check()
})

test('its tables have all that Drizzle declares', async () => {
  await shards.migrate()
  const [pins] = await shards.query('SHOW CREATE TABLE pins')
  expect(pins!['Create Table']).toContain("`saves` int unsigned NOT NULL DEFAULT '0'")
  expect(pins!['Create Table']).toContain('`created_at` datetime(3) NOT NULL DEFAULT (now(3))')
  expect(pins!['Create Table']).toContain(
    'CONSTRAINT `pins_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`)',
  )
  const [tickets] = await shards.query('SHOW CREATE TABLE tickets')
  expect(tickets!['Create Table']).toContain('AUTO_INCREMENT')
  expect(tickets!['Create Table']).toContain('UNIQUE KEY `tickets_seat` (`seat`)')
  const [notes] = await shards.query('SHOW CREATE TABLE notes')
  expect(notes!['Create Table']).toContain('PRIMARY KEY (`space`,`name`)')
  expect(notes!['Create Table']).toMatch(
    /`space` varchar\(20\) .*COLLATE utf8mb4_0900_bin NOT NULL/,
  )
})

test('what it prints makes the same shards', async () => {
  const printed = printMigration(shards.plan)
  const connection = await createConnection({ uri: inject('mysqlUrl'), multipleStatements: true })
  const grants = printed.split('\n').filter((line) => line.startsWith('GRANT'))
  expect(grants.join('\n')).toContain("`.`pins` TO 'sluice_worker'@'%'")
  const accounts = ['migrate', 'worker', 'api'].map((name) => `'sluice_${name}'@'%'`)
  await connection.query(`CREATE USER IF NOT EXISTS ${accounts.join()}`)
  await connection.query(printed)
  await connection.query(`DROP USER ${accounts.join()}`)
  await connection.end()
  await check()
  expect(await shards.migrate()).toEqual([])
})

describe('a database that is', () => {
  test('another shard is left alone', async () => {
    await shards.migrate()
    const swapped = [...shards.shards].reverse().map(({ url }, i) => ({ shard: shardId(i), url }))
    await expect(migrate({ ...shards.plan, shards: swapped })).rejects.toMatchObject(
      stop(/expected shard \d, found shard \d/),
    )
  })

  test('on another log is left alone', async () => {
    await shards.migrate()
    const plan = { ...shards.plan, logId: 'newer' }
    await expect(migrate(plan)).rejects.toMatchObject(
      stop(/log the-log, but test.writes is log newer/),
    )
  })
})

describe('a worker stops at a shard', () => {
  test('without a database', async () => {
    await expect(check()).rejects.toMatchObject(stop(/1049.*npm run migrate/))
  })

  test('without tables', async () => {
    await shards.query('SELECT 1').catch(() => {})
    const connection = await createConnection(inject('mysqlUrl'))
    await connection.query(`CREATE DATABASE ${databaseName(shards.shards[0]!)}`)
    await connection.end()
    await expect(check()).rejects.toMatchObject(
      stop(/no table sluice_identity. Run npm run migrate/),
    )
  })

  test('whose tables differ from the types', async () => {
    await shards.migrate()
    await shards.query(
      'ALTER TABLE notes MODIFY name varchar(20) COLLATE utf8mb4_general_ci NOT NULL',
    )
    await shards.query('ALTER TABLE pins DROP COLUMN link')
    await shards.query('ALTER TABLE board_pins DROP PRIMARY KEY')
    await shards.query('DROP TABLE tickets')
    const error = await check().catch((caught: Error) => caught.message)
    expect(error).toMatch(
      /column notes.name has collation utf8mb4_general_ci, expected utf8mb4_0900_bin/,
    )
    expect(error).toMatch(/column pins.link is missing/)
    expect(error).toMatch(/table board_pins has no unique key of pin_id alone/)
    expect(error).toMatch(/table tickets of type ticket is missing/)
  })

  test('whose tables have no transactions', async () => {
    await shards.migrate()
    await shards.query('ALTER TABLE notes ENGINE = MyISAM')
    await expect(check()).rejects.toMatchObject(stop(/notes is stored by MyISAM, expected InnoDB/))
  })

  test('whose server takes no statement as long as the config’s', async () => {
    await shards.migrate()
    await expect(check({ packetBytes: 2 ** 40 })).rejects.toMatchObject(
      stop(/max_allowed_packet is \d+, expected at least 1099511627776/),
    )
  })

  test('without a position, and migration makes none', async () => {
    await shards.migrate()
    await shards.query('DELETE FROM sluice_offsets')
    await expect(shards.migrate()).rejects.toMatchObject(stop(/its row .* is gone/))
    expect(await shards.query('SELECT * FROM sluice_offsets')).toEqual([])
    await expect(check()).rejects.toMatchObject(
      stop(/its row for test.writes, partition 0, .* is gone.*npm run repair -- set-position/),
    )
  })
})
