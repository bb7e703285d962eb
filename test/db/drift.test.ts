import { createConnection } from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Operation } from '../../core/operation.ts'
import { MysqlStore } from '../../db/mysql-store.ts'
import type { StoreSettings } from '../../db/session-settings.ts'
import { systemClock } from '../../runtime/clock.ts'
import { goodItem, partTables, typeOfTables } from './isolation-types.ts'
import { databaseName } from './test-shards.ts'
import { WorkerOnMysql } from './worker-on-mysql.ts'

// Tables and grants that change under a running worker: the shard stops and says what changed, loses
// and fails nothing, and goes on by itself once the change is undone.

const user = `drift_${crypto.randomUUID().slice(0, 8)}`
const password = 'only here'
const type = typeOfTables(2)

/** Its worker has an account of its own, with no more than what `migrate --print` grants. */
class DriftingShard extends WorkerOnMysql {
  readonly #stores: MysqlStore[] = []

  override store(settings: Partial<StoreSettings> = {}): MysqlStore {
    const { cluster, map } = this.plan
    const shards = this.shards.map(({ shard, url }) => {
      const own = new URL(url)
      own.username = user
      own.password = password
      return { shard, url: own.href }
    })
    const store = new MysqlStore({
      ...{ cluster, map, shards, clock: systemClock },
      settings: { ...settings, stopsAtNarrowed: true },
    })
    this.#stores.push(store)
    return store
  }

  override async drop(): Promise<void> {
    await super.drop()
    for (const store of this.#stores) await store.close()
  }
}

const shard = new DriftingShard(1, partTables, [type])
const patient = { timeout: 20_000, interval: 50 }
const timeout = 60_000
const database = databaseName(shard.shards[0]!)

beforeAll(async () => {
  await shard.setUp()
  await shard.query(`CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`)
  for (const table of [
    'part_0',
    'part_1',
    'sluice_offsets',
    'sluice_failures',
    'sluice_outcomes',
  ]) {
    await shard.query(
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ${database}.${table} TO '${user}'@'%'`,
    )
  }
  await shard.query(`GRANT SELECT ON ${database}.sluice_identity TO '${user}'@'%'`)
})
afterEach(async () => {
  await shard.reset()
  for (const n of [0, 1]) await shard.query(`DELETE FROM part_${n}`)
})
afterAll(async () => {
  const admin = await createConnection(inject('mysqlUrl'))
  await admin.query(`DROP USER '${user}'@'%'`)
  await admin.end()
  await shard.drop()
})

let made = 0

/** A job whose every value fits the config's columns, and few narrower ones. */
function job(): Operation[] {
  return Array.from({ length: 5 }, (_, index) => {
    const object = { ...goodItem(made++, 2), title1: index === 4 ? null : 'eleven char', n1: 1000 }
    return { index, type: 'item', kind: 'create', object }
  })
}

async function rows(): Promise<number> {
  const [row] = await shard.query('SELECT COUNT(*) AS c FROM part_0')
  return Number(row!.c)
}

interface Drift {
  readonly what: string
  readonly change: string
  readonly undo: string
  /** What the alert says of it. */
  readonly says: RegExp
}

const part = (n: number, how: string) => `ALTER TABLE part_${n} ${how}`
const drifts: readonly Drift[] = [
  {
    what: 'a column that was dropped',
    change: part(1, 'DROP COLUMN title'),
    undo: part(1, 'ADD COLUMN title VARCHAR(100)'),
    says: /type item can't be written, ER_BAD_FIELD_ERROR: column part_1\.title is missing\. Undo/,
  },
  {
    what: 'a column that was renamed',
    change: part(1, 'RENAME COLUMN n TO m'),
    undo: part(1, 'RENAME COLUMN m TO n'),
    says: /type item can't be written, ER_BAD_FIELD_ERROR: column part_1\.n is missing\. Undo/,
  },
  {
    what: 'a new column that wants a value',
    change: part(1, 'ADD COLUMN more INT NOT NULL'),
    undo: part(1, 'DROP COLUMN more'),
    says: /type item can't be written, ER_NO_DEFAULT_FOR_FIELD: column part_1\.more is NOT NULL without/,
  },
  {
    what: 'a text that was shortened',
    change: part(1, 'MODIFY title VARCHAR(10)'),
    undo: part(1, 'MODIFY title VARCHAR(100)'),
    says: /type item do not fit any more: column part_1\.title is varchar\(10\), narrower than varchar\(100\), which the config says\. Nothing of it is recorded/,
  },
  {
    what: 'an integer that was narrowed',
    change: part(1, 'MODIFY n TINYINT'),
    undo: part(1, 'MODIFY n INT'),
    says: /column part_1\.n is tinyint, narrower than int, /,
  },
  {
    what: 'a column that takes no null any more',
    change: part(1, 'MODIFY title VARCHAR(100) NOT NULL'),
    undo: part(1, 'MODIFY title VARCHAR(100) NULL'),
    says: /column part_1\.title is NOT NULL, and the config lets it be null/,
  },
  {
    what: 'a column of another type',
    change: part(1, 'MODIFY title INT'),
    undo: part(1, 'MODIFY title VARCHAR(100)'),
    says: /column part_1\.title has the type int, expected varchar\(100\)/,
  },
  {
    what: 'a table that is gone',
    change: 'RENAME TABLE part_1 TO part_gone',
    undo: 'RENAME TABLE part_gone TO part_1',
    says: /type item can't be written, ER_NO_SUCH_TABLE: table part_1 of type item is missing/,
  },
  {
    what: 'a grant that was revoked',
    change: `REVOKE INSERT ON ${database}.part_1 FROM '${user}'@'%'`,
    undo: `GRANT INSERT ON ${database}.part_1 TO '${user}'@'%'`,
    says: /type item, table part_1: MySQL error 1142 ER_TABLEACCESS_DENIED_ERROR \(INSERT on table part_1\): the account lacks a grant; npm run migrate -- --print/,
  },
  {
    what: 'a position that can’t be moved any more',
    change: `REVOKE UPDATE ON ${database}.sluice_offsets FROM '${user}'@'%'`,
    undo: `GRANT UPDATE ON ${database}.sluice_offsets TO '${user}'@'%'`,
    says: /MySQL error 1142 ER_TABLEACCESS_DENIED_ERROR \((SELECT, )?UPDATE on table sluice_offsets\)/,
  },
]

describe('the shard stops, and goes on by itself after, at', () => {
  test.each(drifts)('$what', { timeout }, async ({ change, undo, says }) => {
    await shard.start(type)
    await shard.send(job())
    await expect.poll(() => shard.isDrained(), patient).toBe(true)
    // What is stored already would not let itself be narrowed.
    await shard.query('DELETE FROM part_1')
    await shard.query(change)
    try {
      await shard.send(job())
      await shard.send(job())
      await expect.poll(() => shard.reason, patient).toBe('stopped')
      // It looks again several times meanwhile, and says the same thing once.
      await new Promise((resolve) => setTimeout(resolve, 700))
      const messages = shard.alerts.map(({ message }) => message)
      expect(shard.alerts.map(({ code }) => code)).toContain('shard_stopped_database')
      expect(new Set(messages).size).toBe(messages.length)
      for (const message of messages) {
        expect(message).toMatch(says)
        expect(message).not.toMatch(/eleven|VALUES|JSON_TABLE|drift_/)
      }
      expect(await shard.isDrained()).toBe(false)
    } finally {
      await shard.query(undo)
    }
    await expect.poll(() => shard.isDrained(), patient).toBe(true)
    expect(await shard.failures()).toEqual({})
    expect(await rows()).toBe(15)
  })

  test('a property that a newer worker knows', { timeout }, async () => {
    await shard.start(typeOfTables(1))
    await shard.send(job())
    await expect.poll(() => shard.reason, patient).toBe('stopped')
    expect(shard.alerts).toMatchObject([
      {
        code: 'shard_stopped_unknown_content',
        message: expect.stringMatching(/offset 0 has the property "title1" of the type item, /),
      },
    ])
    expect([await rows(), await shard.failures()]).toEqual([0, {}])
    await shard.stop()
    await shard.start(type)
    await expect.poll(() => shard.isDrained(), patient).toBe(true)
    expect(await rows()).toBe(5)
  })
})

test('a value that fits neither table nor config is a failure of its own', {
  timeout,
}, async () => {
  await shard.start(type)
  const [operation] = job()
  await shard.send([{ ...operation!, object: { ...operation!.object, title1: 'x'.repeat(101) } }])
  await expect.poll(() => shard.isDrained(), patient).toBe(true)
  expect([await shard.failures(), shard.alerts]).toEqual([{ 'job 0': 1 }, []])
})

test('an error that is of no column’s size blames no column that was always narrower', {
  timeout,
}, async () => {
  const outOfRange = "SIGNAL SQLSTATE '22003' SET MYSQL_ERRNO = 1690, MESSAGE_TEXT = 'too much'"
  await shard.query(part(0, 'MODIFY title VARCHAR(90)'))
  await shard.query(`CREATE TRIGGER refuses BEFORE INSERT ON part_0 FOR EACH ROW ${outOfRange}`)
  try {
    await shard.start(type)
    await shard.send(job().slice(0, 1))
    await expect.poll(() => shard.isDrained(), patient).toBe(true)
    expect([await shard.failures(), shard.alerts]).toEqual([{ 'job 0': 1 }, []])
  } finally {
    await shard.query('DROP TRIGGER refuses')
    await shard.query(part(0, 'MODIFY title VARCHAR(100)'))
  }
})
