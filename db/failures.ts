import { Buffer } from 'node:buffer'
import { sql } from 'drizzle-orm'
import type { FailedOperation, UndecodableMessage } from '../core/failure.ts'
import type { WindowRecords } from '../core/shard-store.ts'
import { columnNames, jsonParts, jsonRows } from './json-rows.ts'
import { failures, outcomes } from './schema.ts'
import type { ShardConnection } from './shard-connection.ts'
import { textOf } from './sql-text.ts'

/** What a message says is cut to what the column holds, in characters. */
const maxMessageLength = 1024
const maxTraceLength = 255

/**
 * Records what a window did not apply, inside its transaction: one statement for all failures that
 * fit into it, one for the counts. Rejects with MySQL's error.
 */
export async function recordOutcomes(
  connection: ShardConnection,
  logId: string,
  { failed, undecodable, superseded, cancelled }: WindowRecords,
): Promise<void> {
  const rows = [...failed.map(failedRow), ...undecodable.map((message) => rawRow(logId, message))]
  for (const part of jsonParts(rows, connection.maxPacketBytes)) {
    await connection.write(insertFailures, [part])
  }
  const jobs = new Set([...superseded.keys(), ...cancelled.keys()])
  if (jobs.size === 0) return
  const counts = Array.from(jobs, (job) => [job, superseded.get(job) ?? 0, cancelled.get(job) ?? 0])
  await connection.write(addCounts, [JSON.stringify(counts)])
}

/**
 * Removes what was recorded under jobs, in statements of a bounded size. Nearly always nothing was,
 * and one SELECT finds that out. Rejects with MySQL's error.
 */
export async function clearJobs(
  connection: ShardConnection,
  jobs: ReadonlySet<string>,
): Promise<void> {
  for (const part of jsonParts([...jobs], connection.maxPacketBytes)) {
    for (const { job } of await connection.read(selectKnown, [part])) {
      await deleteAll(connection, deleteFailures, [job!])
      await connection.write(deleteCounts, [job!])
    }
  }
}

/** Operations of a job, by their indexes, both inclusive. */
export interface FailureRange {
  readonly job: string
  readonly first: number
  readonly last: number
}

/**
 * Removes the failures of some operations, in statements of a bounded size; not those that were sent
 * again, whose marks keep a retry that comes once more from taking effect. Rejects with MySQL's error.
 */
export async function clearFailures(
  connection: ShardConnection,
  ranges: readonly FailureRange[],
): Promise<void> {
  const rows = ranges.map(({ job, first, last }) => [job, first, last])
  for (const part of jsonParts(rows, connection.maxPacketBytes)) {
    for (const { job, first, last } of await connection.read(selectRanges, [part])) {
      await deleteAll(connection, deleteRange, [job!, first!, last!])
    }
  }
}

/** Repeats a DELETE of `deletedRows` at most until nothing is left. */
async function deleteAll(
  connection: ShardConnection,
  text: string,
  values: readonly (string | number)[],
): Promise<void> {
  while ((await connection.write(text, values)) === deletedRows) {}
}

/** Under which job a message stands that can't be decoded. */
export function undecodableJob(logId: string): string {
  return `log:${logId}`
}

type FailureRow = readonly [
  job: string,
  operation: number,
  type: string,
  op: string,
  object: string | null,
  code: string,
  message: string,
  trace: string | null,
  raw: string | null,
  amounts: string | null,
]

function failedRow({ source, failure }: FailedOperation): FailureRow {
  const { operation, origin } = source
  const { index, type, kind } = operation
  // As a text of its own the object may be as deep as MySQL takes it.
  const object = JSON.stringify(operation.object)
  return [
    ...([origin.job, index, type, kind, object, failure.code] as const),
    cut(failure.message, maxMessageLength),
    trace(origin.traceparent),
    null,
    operation.by ? JSON.stringify(operation.by) : null,
  ]
}

function rawRow(
  logId: string,
  { offset, bytes, reason, traceparent }: UndecodableMessage,
): FailureRow {
  return [
    ...([undecodableJob(logId), offset, '', '', null, 'undecodable'] as const),
    cut(reason, maxMessageLength),
    trace(traceparent),
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
    null,
  ]
}

function trace(traceparent: string | undefined): string | null {
  return traceparent === undefined ? null : cut(traceparent, maxTraceLength)
}

function cut(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`
}

const failureColumns = `
  job TEXT PATH '$[0]' ERROR ON ERROR, operation BIGINT UNSIGNED PATH '$[1]' ERROR ON ERROR,
  type TEXT PATH '$[2]' ERROR ON ERROR, op TEXT PATH '$[3]' ERROR ON ERROR,
  object LONGTEXT PATH '$[4]' ERROR ON ERROR, code TEXT PATH '$[5]' ERROR ON ERROR,
  message TEXT PATH '$[6]' ERROR ON ERROR, trace TEXT PATH '$[7]' ERROR ON ERROR,
  raw LONGTEXT PATH '$[8]' ERROR ON ERROR, amounts TEXT PATH '$[9]' ERROR ON ERROR`

// An operation that stands there already keeps its first reason.
const insertFailures = textOf(
  sql`INSERT INTO ${failures} (${columnNames(failures.job, failures.operation, failures.type, failures.op, failures.object, failures.code, failures.message, failures.trace, failures.at, failures.raw, failures.amounts)}) SELECT new.job, new.operation, new.type, new.op, new.object, new.code, new.message, new.trace, UTC_TIMESTAMP(3), FROM_BASE64(new.raw), new.amounts FROM ${jsonRows(failureColumns)} ON DUPLICATE KEY UPDATE ${failures.job} = ${failures.job}`,
)

const any = sql.placeholder('value')
/** At a time: it takes some 100 ms. */
const deletedRows = 10_000

const rangeColumns = `
  job TEXT PATH '$[0]' ERROR ON ERROR, first BIGINT UNSIGNED PATH '$[1]' ERROR ON ERROR,
  last BIGINT UNSIGNED PATH '$[2]' ERROR ON ERROR`

const selectKnown = textOf(
  sql`SELECT new.job FROM ${jsonRows("job TEXT PATH '$' ERROR ON ERROR")} WHERE EXISTS (SELECT 1 FROM ${failures} WHERE ${failures.job} = new.job) OR EXISTS (SELECT 1 FROM ${outcomes} WHERE ${outcomes.job} = new.job)`,
)
const deleteFailures = textOf(
  sql`DELETE FROM ${failures} WHERE ${failures.job} = ${any} LIMIT ${sql.raw(String(deletedRows))}`,
)
const selectRanges = textOf(
  sql`SELECT new.job, new.first, new.last FROM ${jsonRows(rangeColumns)} WHERE EXISTS (SELECT 1 FROM ${failures} WHERE ${failures.job} = new.job AND ${failures.operation} BETWEEN new.first AND new.last AND ${failures.retriedAt} IS NULL)`,
)
const deleteRange = textOf(
  sql`DELETE FROM ${failures} WHERE ${failures.job} = ${any} AND ${failures.operation} BETWEEN ${any} AND ${any} AND ${failures.retriedAt} IS NULL LIMIT ${sql.raw(String(deletedRows))}`,
)
const deleteCounts = textOf(sql`DELETE FROM ${outcomes} WHERE ${outcomes.job} = ${any}`)

const countColumns = `
  job TEXT PATH '$[0]' ERROR ON ERROR, superseded BIGINT UNSIGNED PATH '$[1]' ERROR ON ERROR,
  cancelled BIGINT UNSIGNED PATH '$[2]' ERROR ON ERROR`

const addCounts = textOf(
  sql`INSERT INTO ${outcomes} (${columnNames(outcomes.job, outcomes.superseded, outcomes.cancelled)}) SELECT new.job, new.superseded, new.cancelled FROM ${jsonRows(countColumns)} ON DUPLICATE KEY UPDATE ${outcomes.superseded} = ${outcomes.superseded} + new.superseded, ${outcomes.cancelled} = ${outcomes.cancelled} + new.cancelled`,
)
