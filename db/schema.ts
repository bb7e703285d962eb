import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  customType,
  datetime,
  index,
  int,
  json,
  mysqlTable,
  primaryKey,
  tinyint,
  varbinary,
  varchar,
} from 'drizzle-orm/mysql-core'
import { maxKeyLength } from '../core/keyed-request.ts'
import type { JsonValue } from '../core/operation.ts'
import { blockBytes } from '../core/request-blocks.ts'
import { maxTenantLength } from '../core/tenant.ts'

/** Sluice's own tables compare texts as bytes, trailing spaces included. */
export const exactCollation = 'utf8mb4_0900_bin'

/** The longest job id, log id or epoch, in characters. */
const maxIdLength = 128
/** The longest name of an owner or operator, in characters. */
export const maxNameLength = 255
/** What an audit row says in words, at most, in characters. */
export const maxAuditLength = 1024
/** The longest name Kafka takes for a topic, in characters. */
const maxTopicLength = 249

const mediumblob = customType<{ data: Uint8Array }>({ dataType: () => 'mediumblob' })

/** Which deployment, shard and shard map a database is: one row, checked at each connect. */
export const identity = mysqlTable(
  'sluice_identity',
  {
    id: tinyint({ unsigned: true }).primaryKey(),
    cluster: varchar({ length: maxIdLength }).notNull(),
    shard: int({ unsigned: true }).notNull(),
    map: varchar({ length: 255 }).notNull(),
  },
  (table) => [check('sluice_identity_one_row', sql`${table.id} = 1`)],
)

/** Where a shard stands in its log, and who may move it. Shard set-up alone inserts the row. */
export const offsets = mysqlTable(
  'sluice_offsets',
  {
    topic: varchar({ length: maxTopicLength }).notNull(),
    partitionId: int('partition_id', { unsigned: true }).notNull(),
    logId: varchar('log_id', { length: maxIdLength }).notNull(),
    /** Random, new with each claim; empty until the first one. */
    epoch: varchar({ length: maxIdLength }).notNull(),
    nextOffset: bigint('next_offset', { mode: 'number', unsigned: true }).notNull(),
    nextOperation: int('next_operation', { unsigned: true }).notNull(),
    owner: varchar({ length: maxNameLength }).notNull(),
    /** The owner's window connection, for the next claim to kill if it still holds the row. */
    connectionId: bigint('connection_id', { mode: 'bigint', unsigned: true }),
    serverUuid: varchar('server_uuid', { length: 36 }),
    updatedAt: datetime('updated_at', { mode: 'string', fsp: 3 }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.topic, table.partitionId] })],
)

/**
 * Where a shard stood when, for as long as what it applied stays in the log. Few rows, so that
 * nothing but their order needs an index.
 */
export const positions = mysqlTable('sluice_positions', {
  id: bigint({ mode: 'number', unsigned: true }).autoincrement().primaryKey(),
  topic: varchar({ length: maxTopicLength }).notNull(),
  partitionId: int('partition_id', { unsigned: true }).notNull(),
  logId: varchar('log_id', { length: maxIdLength }).notNull(),
  at: datetime({ mode: 'string', fsp: 3 }).notNull(),
  nextOffset: bigint('next_offset', { mode: 'number', unsigned: true }).notNull(),
})

/**
 * Operations that failed. The key makes it impossible to count one twice. A message that can't be
 * decoded has no job: it stands under the pseudo-job `log:<log id>`, its offset as the operation.
 */
export const failures = mysqlTable(
  'sluice_failures',
  {
    job: varchar({ length: maxIdLength }).notNull(),
    operation: bigint({ mode: 'number', unsigned: true }).notNull(),
    type: varchar({ length: 255 }).notNull(),
    op: varchar({ length: 16 }).notNull(),
    object: json().$type<JsonValue>(),
    code: varchar({ length: 64 }).notNull(),
    message: varchar({ length: 1024 }).notNull(),
    /** The W3C traceparent of the message that brought the operation. */
    trace: varchar({ length: 255 }),
    at: datetime({ mode: 'string', fsp: 3 }).notNull(),
    raw: mediumblob(),
    /** What an increment was to add, by property. */
    amounts: json().$type<JsonValue>(),
    /** When a retry of its job was applied here, whatever came of it: it is sent again once. */
    retriedAt: datetime('retried_at', { mode: 'string', fsp: 3 }),
  },
  (table) => [primaryKey({ columns: [table.job, table.operation] })],
)

/** Operations that were neither applied nor failed, counted by job; only where not zero. */
export const outcomes = mysqlTable('sluice_outcomes', {
  job: varchar({ length: maxIdLength }).primaryKey(),
  superseded: bigint({ mode: 'number', unsigned: true }).notNull().default(0),
  cancelled: bigint({ mode: 'number', unsigned: true }).notNull().default(0),
})

/**
 * What operators changed by hand (`npm run repair`), who and why: a row per command, written in the
 * transaction that did it. Positions read `12.3 of log …`.
 */
export const audit = mysqlTable('sluice_audit', {
  id: bigint({ mode: 'number', unsigned: true }).autoincrement().primaryKey(),
  at: datetime({ mode: 'string', fsp: 3 }).notNull(),
  command: varchar({ length: 64 }).notNull(),
  who: varchar({ length: maxNameLength }).notNull(),
  reason: varchar({ length: maxAuditLength }).notNull(),
  movedFrom: varchar('moved_from', { length: 255 }).notNull(),
  movedTo: varchar('moved_to', { length: 255 }).notNull(),
  /** What was lost or repeated. */
  effect: varchar({ length: maxAuditLength }).notNull(),
})

/** What of keyed requests is settled, a bit an operation: see core/request-blocks.ts. */
export const requests = mysqlTable(
  'sluice_requests',
  {
    tenant: varchar({ length: maxTenantLength }).notNull(),
    requestKey: varchar('request_key', { length: maxKeyLength }).notNull(),
    block: int({ unsigned: true }).notNull(),
    digest: varchar({ length: 43 }).notNull(),
    /** Without the zero bytes at its end: a request of one operation has a single byte. */
    done: varbinary({ length: blockBytes }).notNull(),
    /** In milliseconds since the epoch, by the clock of an API. */
    publishedAt: bigint('published_at', { mode: 'number', unsigned: true }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.requestKey, table.block] }),
    index('published_at').on(table.publishedAt),
  ],
)

export const sluiceTables = [
  identity,
  offsets,
  positions,
  failures,
  outcomes,
  requests,
  audit,
] as const
