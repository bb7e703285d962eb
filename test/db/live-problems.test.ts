import { sql } from 'drizzle-orm'
import {
  bigint,
  binary,
  boolean,
  char,
  check,
  datetime,
  decimal,
  double,
  int,
  json,
  type MySqlTable,
  mysqlEnum,
  mysqlTable,
  timestamp,
  unique,
  uniqueIndex,
  varbinary,
  varchar,
} from 'drizzle-orm/mysql-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { shardId } from '../../core/position.ts'
import { problemsOfTypes } from '../../db/live-problems.ts'
import { readLiveTables } from '../../db/live-tables.ts'
import { defaultStoreSettings, readerSettings } from '../../db/session-settings.ts'
import { ShardConnection } from '../../db/shard-connection.ts'
import { TestShards } from './test-shards.ts'
import { compileTypes, type LooseType } from './type-problems.ts'

const id = () => bigint('id', { mode: 'bigint', unsigned: true }).primaryKey()
const folders = mysqlTable('folders', { id: id(), code: int('code') })
const files = mysqlTable(
  'files',
  {
    id: id(),
    folderId: bigint('folder_id', { mode: 'bigint', unsigned: true }).references(() => folders.id),
    name: varchar('name', { length: 20 }).notNull().default('new'),
    email: varchar('email', { length: 20 }),
    path: varchar('path', { length: 20 }),
    low: int('low').default(1),
    high: int('high'),
    price: decimal('price', { precision: 10, scale: 4 }).default('1.5'),
    at: datetime('at', { fsp: 3 }).default(new Date('2026-11-23T03:04:05.678Z')),
    flag: boolean('flag').default(true),
    kind: mysqlEnum('kind', ['a', 'b']).default('a'),
    fixed: char('fixed', { length: 4 }).default(''),
    bytes: binary('bytes', { length: 2 }),
    more: varbinary('more', { length: 4 }),
    ratio: double('ratio').default(0.5),
    json: json('json').default({ a: 1 }),
  },
  (t) => [
    unique('files_email').on(t.email),
    uniqueIndex('files_path').on(sql`(upper(path))`),
    check('files_range', sql`low <= high`),
  ],
)
const stamps = mysqlTable('stamps', {
  id: id(),
  at: timestamp('at').defaultNow().onUpdateNow(),
})

const types = {
  folder: { tables: [folders] },
  file: { tables: [files] },
  stamp: { tables: [stamps] },
}
const ordered = Object.fromEntries(
  Object.entries(types).map(([name, type]) => [name, { ...type, ordered: true }]),
)
const ownTables: readonly MySqlTable[] = [folders, files, stamps]

let shards: TestShards
beforeAll(async () => {
  shards = new TestShards(1, ownTables, [...compileTypes(types).values()])
  await shards.migrate()
})
afterAll(() => shards.drop())

/** What is told of the tables once they are changed so; they are put back behind it. */
async function told(
  change: string,
  declared: Readonly<Record<string, LooseType>> = types,
): Promise<readonly string[]> {
  const created = [...change.matchAll(/CREATE TABLE (\w+)/g)].map(([, table]) => table)
  try {
    for (const statement of change.split(';\n')) await shards.query(statement)
    const connection = await ShardConnection.open({
      ...{ address: { shard: shardId(0), url: shards.shards[0]!.url } },
      ...{ connectTimeoutMs: 5000, statementTimeoutMs: 5000 },
      settings: readerSettings(defaultStoreSettings),
    })
    try {
      const live = await readLiveTables(connection)
      return problemsOfTypes([...compileTypes(declared).values()], live)
    } finally {
      await connection.close()
    }
  } finally {
    await shards.query('SET foreign_key_checks = 0')
    const tables = ['folders', 'files', 'stamps', ...created]
    await shards.query(`DROP TABLE IF EXISTS ${tables.join()}`)
    await shards.query('SET foreign_key_checks = 1')
    await shards.migrate()
  }
}

describe('live tables are refused', () => {
  test.each([
    [
      'for a unique key',
      'ALTER TABLE files ADD UNIQUE KEY by_name (name, high)',
      'table files has the unique key by_name (name, high), which the config does not declare: operations on different objects could run in the wrong order. Declare it with unique() or uniqueIndex(), or set ordered: true for type file',
    ],
    [
      'for a unique key over an expression',
      'ALTER TABLE files ADD UNIQUE KEY by_expression ((lower(`name`)))',
      /^table files has the unique key by_expression \(name\), which the config does not declare/,
    ],
    [
      'for a unique key over the beginning of a column',
      'ALTER TABLE files ADD UNIQUE KEY beginning (name(3))',
      /^table files has the unique key beginning \(name\), which the config does not declare/,
    ],
    [
      'for a unique key over a generated column',
      'ALTER TABLE files ADD COLUMN doubled INT AS (high * 2), ADD UNIQUE KEY by_doubled (doubled)',
      /^table files has the unique key by_doubled \(high\), which the config does not declare/,
    ],
    [
      'for a unique key over a column that is not declared',
      'ALTER TABLE files ADD COLUMN tag INT DEFAULT 1, ADD UNIQUE KEY by_tag (tag)',
      /^table files has the unique key by_tag \(tag\), which the config does not declare/,
    ],
    [
      'for a check',
      'ALTER TABLE files ADD CONSTRAINT no_admin CHECK (name <> "admin")',
      'table files has the check no_admin, which the config does not declare: a value that it forbids could be overwritten unseen. Declare it with check(), or set ordered: true for type file',
    ],
    [
      'for a foreign key among the types',
      'ALTER TABLE stamps ADD COLUMN file BIGINT UNSIGNED, ADD CONSTRAINT s FOREIGN KEY (file) REFERENCES files (id)',
      'table stamps has the foreign key s (file) to files, which the config does not declare: children and parents could be written in the wrong order. Declare it with foreignKey() or references(), or set ordered: true for types file and stamp',
    ],
    [
      'for a foreign key to a table of no type',
      'CREATE TABLE outside (id INT PRIMARY KEY);\nALTER TABLE files ADD CONSTRAINT by_high FOREIGN KEY (high) REFERENCES outside (id)',
      /^table files has the foreign key by_high \(high\) to outside, which the config does not declare/,
    ],
    [
      'for a cascade',
      'ALTER TABLE files DROP FOREIGN KEY files_folder_id_folders_id_fk;\nALTER TABLE files ADD CONSTRAINT c FOREIGN KEY (folder_id) REFERENCES folders (id) ON DELETE CASCADE',
      'table files has the foreign key c (folder_id) to folders with a cascade, which the config does not declare: give foreignKey() or references() its onDelete and onUpdate, or set ordered: true for types folder and file',
    ],
    [
      'for a cascade over a table of no type',
      'CREATE TABLE middle (id BIGINT UNSIGNED PRIMARY KEY, folder BIGINT UNSIGNED, CONSTRAINT m FOREIGN KEY (folder) REFERENCES folders (id) ON DELETE CASCADE);\nALTER TABLE stamps ADD COLUMN middle BIGINT UNSIGNED, ADD CONSTRAINT s FOREIGN KEY (middle) REFERENCES middle (id) ON DELETE SET NULL',
      /^a delete from folders reaches stamps over middle, which no type declares: set ordered: true for types folder and stamp$/,
    ],
    [
      'for a trigger',
      'CREATE TRIGGER watch AFTER UPDATE ON files FOR EACH ROW UPDATE folders SET code = 1',
      'table files has the trigger watch, which sees each write by itself and in order: set ordered: true for folder and file, or drop it',
    ],
    [
      'for ON UPDATE',
      'ALTER TABLE files ADD COLUMN changed TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP',
      /^column files.changed has ON UPDATE, which the config does not declare: add .onUpdateNow\(\) to it, or set ordered: true for type file$/,
    ],
    [
      'for a default computed from another column',
      'ALTER TABLE files ADD COLUMN half INT DEFAULT (high / 2)',
      /^column files.half has a default computed from other columns, which the config does not declare/,
    ],
  ])('%s, unless the types are ordered', async (_, change, problem) => {
    const problems = await told(change)
    expect(problems).toContainEqual(
      typeof problem === 'string' ? problem : expect.stringMatching(problem),
    )
    expect(await told(change, ordered)).toEqual([])
  })

  test.each([
    [
      'MODIFY price DECIMAL(20,2) DEFAULT 1.5',
      'column files.price has the type decimal(20,2), expected decimal(10,4): values would be stored as others',
    ],
    [
      "MODIFY at DATETIME DEFAULT '2026-11-23 03:04:05'",
      /^column files.at has the type datetime, expected datetime\(3\)/,
    ],
    [
      "MODIFY at TIMESTAMP(6) NULL DEFAULT '2026-11-23 03:04:05.678'",
      /^column files.at has the type timestamp\(6\), expected/,
    ],
    ['MODIFY ratio FLOAT DEFAULT 0.5', /^column files.ratio has the type float, expected double/],
    [
      'MODIFY email CHAR(20)',
      /^column files.email has the type char\(20\), expected varchar\(20\)/,
    ],
    ['MODIFY email BINARY(20)', /^column files.email has the type binary\(20\), expected/],
    ['MODIFY more BINARY(4)', /^column files.more has the type binary\(4\), expected varbinary/],
    ["MODIFY email ENUM('a')", /^column files.email has the type enum\('a'\), expected varchar/],
    [
      'MODIFY email VARCHAR(20) CHARACTER SET latin1',
      'column files.email has the character set latin1, expected utf8mb4: not all texts fit',
    ],
    [
      "DROP COLUMN bytes, ADD COLUMN bytes BINARY(2) AS (x'0102')",
      'column files.bytes is computed by MySQL: declare it with generatedAlwaysAs()',
    ],
    [
      'ALTER high SET DEFAULT 7',
      'column files.high has the default 7, which the config does not declare: add .default() to it',
    ],
    [
      'ALTER low SET DEFAULT 2',
      'column files.low has the default 2, and the config declares another',
    ],
    [
      'ALTER flag SET DEFAULT 0',
      'column files.flag has the default 0, and the config declares another',
    ],
    ['ALTER low DROP DEFAULT', 'column files.low has no default, though the config declares one'],
    [
      'ADD COLUMN other INT NOT NULL',
      'column files.other is NOT NULL without a default, and the config does not declare it: no row could be inserted',
    ],
  ])('for a column: %s', async (change, problem) => {
    const problems = await told(`ALTER TABLE files ${change}`)
    expect(problems[0]).toEqual(
      typeof problem === 'string' ? problem : expect.stringMatching(problem),
    )
  })
})

describe('live tables are taken', () => {
  test.each([
    ['as the migration makes them', 'SELECT 1'],
    [
      'with a unique key that holds the type’s whole key',
      'ALTER TABLE files ADD UNIQUE KEY wide (name, id)',
    ],
    [
      'with a unique key over columns that are declared unique',
      'ALTER TABLE files ADD UNIQUE KEY both_columns (email, path)',
    ],
    [
      'with a declared unique key under another name, of a beginning',
      'ALTER TABLE files DROP INDEX files_email, ADD UNIQUE KEY e (email(4))',
    ],
    [
      'without what the config declares',
      'ALTER TABLE files DROP INDEX files_email, DROP INDEX files_path, DROP CHECK files_range, DROP FOREIGN KEY files_folder_id_folders_id_fk',
    ],
    ['with other indexes', 'ALTER TABLE files ADD INDEX (name), ADD FULLTEXT (name)'],
    ['with a check of the key alone', 'ALTER TABLE files ADD CHECK (id > 0)'],
    ['with a check that is not enforced', 'ALTER TABLE files ADD CHECK (name <> "") NOT ENFORCED'],
    [
      'with children of no type, also such that go with them',
      'CREATE TABLE outside (id INT PRIMARY KEY, file BIGINT UNSIGNED, folder BIGINT UNSIGNED, FOREIGN KEY (file) REFERENCES files (id), FOREIGN KEY (folder) REFERENCES folders (id) ON DELETE CASCADE)',
    ],
    [
      'with other columns',
      'ALTER TABLE files ADD COLUMN a INT, ADD COLUMN b INT NOT NULL DEFAULT 1, ADD COLUMN c TIMESTAMP DEFAULT CURRENT_TIMESTAMP, ADD COLUMN d INT AS (high + 1) STORED, ADD COLUMN e JSON DEFAULT (JSON_ARRAY())',
    ],
    [
      'with wider and narrower columns',
      'ALTER TABLE files MODIFY high BIGINT, MODIFY low TINYINT DEFAULT 1, MODIFY email VARCHAR(5), MODIFY path TEXT, MODIFY price DECIMAL(20,6) DEFAULT 1.5, MODIFY more BLOB, DROP INDEX files_path',
    ],
    ['that let less through than the config', 'ALTER TABLE files MODIFY high INT NOT NULL'],
  ])('%s', async (_, change) => {
    expect(await told(change)).toEqual([])
  })
})
