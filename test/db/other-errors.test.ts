import { type Connection, createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { shardId } from '../../core/position.ts'
import { type MysqlError, storeErrorOf } from '../../db/mysql-errors.ts'
import { otherErrors } from '../../db/other-errors.ts'
import {
  defaultStoreSettings,
  type SessionSettings,
  windowSettings,
} from '../../db/session-settings.ts'
import { ShardConnection } from '../../db/shard-connection.ts'
import { ownMysql } from '../e2e/own-servers.ts'

// Every error of the table that MySQL can be made to give, on a server of this file alone: most of
// it disturbs the whole server. row-errors.test.ts has those of rows.

const server = ownMysql()
let admin: Connection
let root: URL
let plain: URL

beforeAll(async () => {
  root = new URL(server().url)
  admin = await createConnection({ uri: root.href, multipleStatements: true })
  await admin.query('CREATE DATABASE errors')
  root.pathname = '/errors'
  plain = new URL(root.href)
  plain.username = 'plain'
  plain.password = 'plain'
})
afterAll(() => admin.end())

/** A table of three rows, and a user who may do no more with it than a worker must. */
async function setUp(): Promise<void> {
  await admin.query(`
    USE errors; DROP TABLE IF EXISTS things, others; DROP USER IF EXISTS plain;
    CREATE TABLE things (id INT PRIMARY KEY, title LONGTEXT);
    INSERT INTO things VALUES (1, 'a'), (2, 'b'), (3, 'c');
    CREATE USER plain IDENTIFIED BY 'plain';
    GRANT SELECT, INSERT, UPDATE, DELETE ON errors.* TO plain`)
}

const open: ShardConnection[] = []

async function connect(url: URL = plain, more: SessionSettings = {}): Promise<ShardConnection> {
  const connection = await ShardConnection.open({
    address: { shard: shardId(0), url: url.href },
    settings: { ...windowSettings({ ...defaultStoreSettings, lockWaitSeconds: 1 }), ...more },
    connectTimeoutMs: 5000,
    statementTimeoutMs: 20_000,
  })
  open.push(connection)
  return connection
}

const insert = 'INSERT INTO things (id, title) VALUES (9, ?)'
const write = async (text = 'x') => (await connect()).write(insert, [text])
const withPassword = (password: string) => Object.assign(new URL(plain.href), { password })

interface Provoked {
  readonly errno: number
  readonly by: string
  /** What has to be done and undone as the administrator. */
  readonly given?: string
  readonly undo?: string
  /** Rejects with the error. */
  readonly provoke: () => Promise<unknown>
}

const anHour = 'for an hour'
const provoked: readonly Provoked[] = [
  {
    ...{ errno: 1205, by: 'a row that another transaction holds' },
    given: 'START TRANSACTION; UPDATE things SET title = 1 WHERE id = 1',
    undo: 'ROLLBACK',
    provoke: async () => (await connect()).write('DELETE FROM things WHERE id = 1'),
  },
  { errno: 1213, by: 'a deadlock', provoke: deadlock, undo: 'ROLLBACK' },
  {
    ...{ errno: 1317, by: 'KILL QUERY' },
    provoke: () => killed('KILL QUERY', 'SELECT SLEEP(20) FROM things FOR UPDATE'),
  },
  {
    ...{ errno: 3024, by: 'max_execution_time' },
    provoke: async () =>
      (await connect(plain, { max_execution_time: 50 })).read(
        'SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c WHERE a.column_name < b.column_name',
      ),
  },
  {
    ...{ errno: 1153, by: 'a packet above the limit' },
    given: 'SET GLOBAL max_allowed_packet = 65536',
    undo: 'SET GLOBAL max_allowed_packet = DEFAULT',
    // Sluice looks before it sends; this is what the server says to others.
    provoke: async () => {
      const connection = await createConnection(plain.href)
      connection.on('error', () => {})
      await connection.query(insert, ['x'.repeat(70_000)])
    },
  },
  {
    ...{ errno: 1197, by: 'a transaction above the binary log’s cache' },
    given: 'SET GLOBAL max_binlog_cache_size = 4096; SET GLOBAL binlog_cache_size = 4096',
    undo: 'SET GLOBAL max_binlog_cache_size = DEFAULT; SET GLOBAL binlog_cache_size = DEFAULT',
    provoke: () => write('x'.repeat(100_000)),
  },
  {
    ...{ errno: 1040, by: 'max_connections' },
    given: 'SET GLOBAL max_connections = 1',
    undo: 'SET GLOBAL max_connections = DEFAULT',
    provoke: async () => {
      await connect()
      await connect()
    },
  },
  {
    ...{ errno: 1203, by: 'max_user_connections' },
    given: 'SET GLOBAL max_user_connections = 1',
    undo: 'SET GLOBAL max_user_connections = DEFAULT',
    provoke: async () => {
      await connect()
      await connect()
    },
  },
  {
    ...{ errno: 1226, by: `updates used up ${anHour}` },
    given: 'ALTER USER plain WITH MAX_UPDATES_PER_HOUR 1',
    provoke: async () => {
      const connection = await connect()
      for (let i = 0; i < 3; i++) await connection.command('UPDATE things SET title = 1')
    },
  },
  {
    ...{ errno: 1461, by: 'max_prepared_stmt_count' },
    given: 'SET GLOBAL max_prepared_stmt_count = 0',
    undo: 'SET GLOBAL max_prepared_stmt_count = DEFAULT',
    provoke: () => write(),
  },
  {
    ...{ errno: 1114, by: 'a table that is full' },
    given:
      'SET max_heap_table_size = 16384; CREATE TABLE others (id INT, title CHAR(200)) ENGINE MEMORY',
    provoke: async () => {
      const connection = await connect(plain)
      const rows = Array.from({ length: 500 }, (_, i) => `(${i}, 'x')`)
      await connection.write(`INSERT INTO others VALUES ${rows.join()}`)
    },
  },
  {
    ...{ errno: 1290, by: 'super_read_only' },
    given: 'SET GLOBAL super_read_only = ON',
    undo: 'SET GLOBAL super_read_only = OFF; SET GLOBAL read_only = OFF',
    provoke: () => write(),
  },
  {
    ...{ errno: 1792, by: 'a session that reads only' },
    provoke: async () => (await connect(plain, { transaction_read_only: 1 })).write(insert, ['x']),
  },
  {
    ...{ errno: 3032, by: 'offline mode' },
    given: 'SET GLOBAL offline_mode = ON',
    undo: 'SET GLOBAL offline_mode = OFF',
    provoke: () => connect(),
  },
  { errno: 1045, by: 'a wrong password', provoke: () => connect(withPassword('wrong')) },
  {
    ...{ errno: 1044, by: 'a database that is not granted' },
    given: 'CREATE DATABASE IF NOT EXISTS theirs',
    undo: 'DROP DATABASE theirs',
    provoke: () => connect(Object.assign(new URL(plain.href), { pathname: '/theirs' })),
  },
  {
    ...{ errno: 1049, by: 'a database that is not there' },
    provoke: () => connect(Object.assign(new URL(root.href), { pathname: '/nowhere' })),
  },
  {
    ...{ errno: 1142, by: 'a grant that was taken away' },
    given: 'REVOKE INSERT ON errors.* FROM plain',
    provoke: () => write(),
  },
  {
    ...{ errno: 1143, by: 'a grant on one column alone' },
    given: 'REVOKE INSERT ON errors.* FROM plain; GRANT INSERT (id) ON errors.things TO plain',
    provoke: () => write(),
  },
  {
    ...{ errno: 1227, by: 'a privilege that nobody gave' },
    provoke: async () => (await connect()).command('SET GLOBAL max_connections = 100'),
  },
  {
    ...{ errno: 3118, by: 'a locked account' },
    given: 'ALTER USER plain ACCOUNT LOCK',
    provoke: () => connect(),
  },
  {
    ...{ errno: 1862, by: 'an expired password' },
    given: 'ALTER USER plain PASSWORD EXPIRE',
    provoke: () => connect(),
  },
  {
    ...{ errno: 3159, by: 'a server that demands TLS' },
    given: 'SET GLOBAL require_secure_transport = ON',
    undo: 'SET GLOBAL require_secure_transport = OFF',
    provoke: () => connect(),
  },
  {
    ...{ errno: 3955, by: 'wrong passwords in a row' },
    given: 'ALTER USER plain FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME 1',
    provoke: async () => {
      await connect(withPassword('wrong')).catch(() => {})
      await connect()
    },
  },
  {
    ...{ errno: 1054, by: 'a column that was renamed' },
    given: 'ALTER TABLE things RENAME COLUMN title TO name',
    provoke: () => write(),
  },
  {
    errno: 1146,
    by: 'a table that was dropped',
    given: 'DROP TABLE things',
    provoke: () => write(),
  },
  {
    ...{ errno: 1471, by: 'a view that takes no rows' },
    given:
      'RENAME TABLE things TO others; CREATE VIEW things AS SELECT DISTINCT id, title FROM others',
    undo: 'DROP VIEW things',
    provoke: () => write(),
  },
  {
    ...{ errno: 1288, by: 'a view that takes no changes' },
    given:
      'RENAME TABLE things TO others; CREATE VIEW things AS SELECT DISTINCT id, title FROM others',
    undo: 'DROP VIEW things',
    provoke: async () => (await connect()).write('UPDATE things SET title = 1'),
  },
  {
    ...{ errno: 1356, by: 'a view whose table is gone' },
    given:
      'RENAME TABLE things TO others; CREATE VIEW things AS SELECT * FROM others; DROP TABLE others',
    undo: 'DROP VIEW things',
    provoke: () => write(),
  },
  {
    ...{ errno: 1364, by: 'a new column that has no default' },
    given: 'ALTER TABLE things ADD more INT NOT NULL',
    provoke: () => write(),
  },
  {
    ...{ errno: 1136, by: 'a column more than values' },
    provoke: async () => (await connect()).write('INSERT INTO things VALUES (1)'),
  },
  {
    ...{ errno: 1267, by: 'another collation' },
    given:
      'ALTER TABLE things MODIFY title VARCHAR(9) COLLATE utf8mb4_sv_0900_ai_ci, ADD b VARCHAR(9) COLLATE utf8mb4_da_0900_ai_ci',
    provoke: async () => (await connect()).read('SELECT id FROM things WHERE title = b'),
  },
  {
    ...{ errno: 1064, by: 'SQL that the server does not speak' },
    provoke: async () => (await connect()).command('INSERT INTO things RETURNING id'),
  },
  {
    ...{ errno: 1046, by: 'no database' },
    provoke: async () =>
      (await connect(Object.assign(new URL(plain.href), { pathname: '' }))).write(insert, ['x']),
  },
  {
    ...{ errno: 1193, by: 'a variable that the server does not know' },
    provoke: () => connect(plain, { of_a_later_version: 1 }),
  },
  {
    ...{ errno: 1231, by: 'a variable’s value that it does not know' },
    provoke: () => connect(plain, { sql_mode: 'OF_A_LATER_VERSION' }),
  },
  {
    ...{ errno: 1665, by: 'a binary log of statements' },
    given: 'SET GLOBAL binlog_format = STATEMENT',
    undo: 'SET GLOBAL binlog_format = DEFAULT',
    provoke: () => write(),
  },
  {
    ...{ errno: 1305, by: 'a trigger that calls what is gone' },
    given: 'CREATE TRIGGER t BEFORE INSERT ON things FOR EACH ROW CALL nobody()',
    provoke: () => write(),
  },
  {
    ...{ errno: 1442, by: 'a trigger that writes its own table' },
    given: 'CREATE TRIGGER t BEFORE INSERT ON things FOR EACH ROW DELETE FROM things',
    provoke: () => write(),
  },
  {
    ...{ errno: 1449, by: 'a trigger whose definer is gone' },
    given: 'CREATE DEFINER = ghost TRIGGER t BEFORE INSERT ON things FOR EACH ROW SET @a = 1',
    provoke: () => write(),
  },
]

test.for(provoked)('$errno by $by', async ({ errno, given, undo, provoke }) => {
  await setUp()
  if (given) await admin.query(given)
  try {
    const error = await provoke().then(
      () => undefined,
      (thrown: MysqlError) => thrown,
    )
    const action = otherErrors.find(({ errors }) => errors && errno in errors)!.action
    // What fails while connecting is told as a `StoreError` already.
    const name = otherErrors.flatMap(({ errors }) => errors?.[errno] ?? [])[0]
    expect(
      error?.errno === errno || error?.code === name || error?.message.includes(` ${errno} `),
    ).toBe(true)
    expect(storeErrorOf(error, 'a test').action).toBe(action)
  } finally {
    for (const connection of open.splice(0))
      connection.discard(storeErrorOf({ code: 'EPIPE' }, 'x'))
    if (undo) await admin.query(undo)
  }
})

test.each([
  ['KILL of the connection', 'KILL'],
  ['a shutdown', 'SHUTDOWN'],
])('what runs during %s finds the connection gone', async (_, how) => {
  await setUp()
  const error = await (how === 'KILL'
    ? killed('KILL', 'SELECT SLEEP(20) FROM things FOR UPDATE')
    : shutDown()
  ).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(storeErrorOf(error, 'a test').action).toBe('reconnect')
})

async function killed(kill: string, statement: string): Promise<unknown> {
  const connection = await connect()
  const running = connection.read(statement)
  running.catch(() => {})
  await isRunning('SLEEP')
  await admin.query(`${kill} ${connection.id}`)
  return running
}

async function shutDown(): Promise<unknown> {
  const connection = await connect()
  const running = connection.read('SELECT SLEEP(20) FROM things FOR UPDATE')
  running.catch(() => {})
  await isRunning('SLEEP')
  admin.on('error', () => {})
  await server().restart()
  admin = await createConnection({ uri: root.href, multipleStatements: true })
  return running
}

async function isRunning(word: string): Promise<void> {
  await expect
    .poll(async () => {
      const [rows] = await admin.query(
        `SELECT 1 FROM performance_schema.processlist WHERE info LIKE '%${word}%' AND id <> CONNECTION_ID()`,
      )
      return (rows as unknown[]).length
    })
    .toBeGreaterThan(0)
}

async function deadlock(): Promise<unknown> {
  const connection = await connect()
  await connection.write('DELETE FROM things WHERE id = 1')
  // The transaction that changed fewer rows is the victim.
  const rows = Array.from({ length: 50 }, (_, i) => `(${i + 100}, 'x')`)
  await admin.query(
    `START TRANSACTION; INSERT INTO things VALUES ${rows.join()}; DELETE FROM things WHERE id = 2`,
  )
  const waiting = admin.query('DELETE FROM things WHERE id = 1')
  waiting.catch(() => {})
  const watcher = await createConnection(root.href)
  await expect
    .poll(async () => {
      const [rows] = await watcher.query('SELECT 1 FROM performance_schema.data_lock_waits')
      return (rows as unknown[]).length
    })
    .toBeGreaterThan(0)
  await watcher.end()
  try {
    return await connection.write('DELETE FROM things WHERE id = 2')
  } finally {
    await waiting
  }
}

/** Why the others of the table are not provoked: the reason, and which. */
const notProvoked: Readonly<Record<string, readonly number[]>> = {
  'needs group replication or a plugin': [3101, 1297, 3100, 3098],
  'needs ALTER TABLE at one moment of a statement, which metadata locks keep apart': [
    1412, 1615, 1689,
  ],
  'needs a disk that is full or fails, or a server that runs out of memory': [
    ...[1020, 1021, 1024, 1026, 1028, 1030, 1037, 1038, 1041, 3015, 1206, 3019, 1637],
  ],
  'needs a host that may not connect, or a machine out of threads': [1129, 1130, 1135],
  'needs damaged or missing files': [1034, 1194, 1712, 1812, 1814, 1877],
  'needs a start with other options (recovery, a read-only tablespace, no row log)': [
    ...[1036, 1836, 1881, 1598, 1705],
  ],
  'needs bytes lost on the way or a proxy; test/db/shard-connection.test.ts cuts the wire': [
    ...[1047, 1156, 1157, 1158, 1159, 1160, 1161, 1243, 1835, 2006, 2013],
  ],
  'comes at a moment of a shutdown or a timeout at which the client mostly sees the wire cut': [
    ...[1053, 1152, 1184, 1927, 3169, 4031],
  ],
  'of other plugins or policies than a default server has': [1251, 1370, 1419, 1698, 1820],
  'MySQL 9 gives another error in its place, or only a warning': [1176, 1347, 1824, 1436],
}

test('every error of the table is provoked, or it is said why not', () => {
  const known = otherErrors.flatMap(({ errors = {} }) => Object.keys(errors).map(Number))
  const told = [...provoked.map(({ errno }) => errno), ...Object.values(notProvoked).flat()]
  expect(told.sort((a, b) => a - b)).toEqual(known.sort((a, b) => a - b))
})
