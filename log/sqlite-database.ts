import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { LogError } from '../core/log.ts'

/**
 * SQLite waits for a lock by blocking the whole process, so it may do so only shortly; the writer
 * waits longer without blocking.
 */
const busyTimeoutMs = 100
const schemaVersion = 1
/** Of auto_vacuum: space is given back when it is asked for. It takes effect on a new file alone. */
const incrementalVacuum = 2

/** The file of an embedded log, open in this process. */
export interface SqliteDatabase {
  readonly path: string
  readonly connection: DatabaseSync
  readonly identity: SqliteIdentity
  /** Whether what is free in the file can be given back; else it waits for the next messages. */
  readonly canShrink: boolean
  /** The file in pages. */
  size(): { readonly all: number; readonly free: number; readonly pageBytes: number }
  /** Throws a `LogError` if the file at the path is no longer the one that is open. */
  checkFile(): void
}

export interface SqliteIdentity {
  readonly logId: string
  readonly topic: string
  readonly partitions: number
}

/** Makes an embedded log at `path`, or leaves the one that is there. */
export function createSqliteDatabase(path: string, identity: SqliteIdentity): void {
  mkdirSync(dirname(path), { recursive: true })
  const connection = connect(path)
  try {
    connection.exec('BEGIN IMMEDIATE')
    connection.exec(schema)
    const { logId, topic, partitions } = identity
    const made = connection
      .prepare('INSERT OR IGNORE INTO log VALUES (1, ?, ?, ?, ?, 0, NULL)')
      .run(schemaVersion, logId, topic, partitions)
    const addPartition = connection.prepare('INSERT INTO partitions VALUES (?, 0, 0, NULL, NULL)')
    if (made.changes) for (let shard = 0; shard < partitions; shard++) addPartition.run(shard)
    connection.exec('COMMIT')
    checkPartitions(path, readIdentity(path, connection), partitions)
  } finally {
    connection.close()
  }
}

/** Opens a log that `createSqliteDatabase` made with as many partitions. */
export function openSqliteDatabase(path: string, partitions: number): SqliteDatabase {
  if (!existsSync(path)) {
    throw new LogError('not_migrated', `No log is at ${path}: run \`npm run migrate\``)
  }
  const connection = connect(path)
  try {
    const identity = readIdentity(path, connection)
    checkPartitions(path, identity, partitions)
    checkTables(path, connection)
    const file = fileOf(path)
    const checkFile = () => {
      if (fileOf(path) === file) return
      throw new LogError(
        'recreated',
        `The log at ${path} was deleted or replaced while it was open: bring it back, or set the ` +
          'new one up with npm run migrate, then start this process again',
      )
    }
    const pragma = (name: string) => Number(connection.prepare(`PRAGMA ${name}`).get()![name])
    return {
      ...{ path, connection, identity, checkFile },
      canShrink: pragma('auto_vacuum') === incrementalVacuum,
      size: () => ({
        all: pragma('page_count'),
        free: pragma('freelist_count'),
        pageBytes: pragma('page_size'),
      }),
    }
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Whether another connection holds a lock. Deno's errors carry no code, so the text must tell. */
export function isLocked(error: unknown): boolean {
  return error instanceof Error && error.message.includes('is locked')
}

function connect(path: string): DatabaseSync {
  const connection = new DatabaseSync(path)
  connection.exec(`
    PRAGMA busy_timeout = ${busyTimeoutMs};
    PRAGMA auto_vacuum = ${incrementalVacuum};
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
  `)
  return connection
}

const schema = `
  CREATE TABLE IF NOT EXISTS log (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    schema_version INTEGER NOT NULL,
    log_id TEXT NOT NULL,
    topic TEXT NOT NULL,
    partitions INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    holder TEXT
  ) STRICT;
  CREATE TABLE IF NOT EXISTS partitions (
    shard INTEGER PRIMARY KEY,
    earliest INTEGER NOT NULL,
    next INTEGER NOT NULL,
    reported INTEGER,
    status TEXT
  ) STRICT;
  CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY,
    shard INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    headers TEXT NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (shard, "offset")
  ) STRICT;
  CREATE TABLE IF NOT EXISTS control (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    value TEXT NOT NULL
  ) STRICT;
`

function readIdentity(path: string, connection: DatabaseSync): SqliteIdentity {
  const known = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'log'").get()
  const row = known && connection.prepare('SELECT * FROM log').get()
  if (!row) {
    throw new LogError('not_migrated', `${path} is not a log: run \`npm run migrate\``)
  }
  if (row.schema_version !== schemaVersion) {
    throw new LogError(
      'not_migrated',
      `The log at ${path} has format ${row.schema_version}, this version of Sluice reads ${schemaVersion}: ` +
        'start the version that made it, or set SLUICE_DATA_DIR to another folder',
    )
  }
  return {
    logId: String(row.log_id),
    topic: String(row.topic),
    partitions: Number(row.partitions),
  }
}

/** A log that an earlier version made gets the tables that are new from a migration. */
function checkTables(path: string, connection: DatabaseSync): void {
  if (connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'control'").get()) return
  const what = `The log at ${path} was made by an earlier version and lacks the table control`
  throw new LogError('not_migrated', `${what}: run \`npm run migrate\``)
}

function checkPartitions(path: string, found: SqliteIdentity, expected: number): void {
  if (found.partitions === expected) return
  throw new LogError(
    'not_migrated',
    `The log at ${path} was made for ${found.partitions} shards, the config has ${expected}: ` +
      'the number of shards of a log never changes; use its number, or another data folder',
  )
}

/** A file's inode, which tells it from a later one of the same name; 0 if there is none. */
function fileOf(path: string): bigint {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino ?? 0n
}
