import { Buffer } from 'node:buffer'
import { type SQL, sql } from 'drizzle-orm'
import type { FailedOperation, UndecodableMessage } from '../core/failure.ts'
import type { WindowRecords } from '../core/shard-store.ts'
import { statementBytes } from './packet.ts'
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
  { failed, undecodable, superseded }: WindowRecords,
): Promise<void> {
  const rows = [...failed.map(failedRow), ...undecodable.map((message) => rawRow(logId, message))]
  for (const part of partsOf(rows, connection.maxPacketBytes)) {
    await connection.write(insertFailures, [part])
  }
  if (superseded.size > 0) {
    await connection.write(insertSuperseded, [JSON.stringify([...superseded])])
  }
}

/** The rows as JSON arrays, each of a size that the server takes; a single row is never cut. */
function* partsOf(rows: readonly FailureRow[], maxPacketBytes: number): Generator<string> {
  const most = statementBytes(maxPacketBytes)
  let part: string[] = []
  let characters = 0
  for (const row of rows) {
    const text = JSON.stringify(row)
    if (part.length > 0 && characters + text.length > most) {
      yield `[${part.join()}]`
      part = []
      characters = 0
    }
    part.push(text)
    characters += text.length + 1
  }
  if (part.length > 0) yield `[${part.join()}]`
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
  ]
}

function trace(traceparent: string | undefined): string | null {
  return traceparent === undefined ? null : cut(traceparent, maxTraceLength)
}

function cut(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`
}

function jsonTable(columns: string): SQL {
  return sql`JSON_TABLE(${sql.placeholder('rows')}, '$[*]' COLUMNS (${sql.raw(columns)})) AS ${sql.identifier('new')}`
}

function names(...columns: readonly { readonly name: string }[]): SQL {
  return sql.join(
    columns.map(({ name }) => sql.identifier(name)),
    sql`, `,
  )
}

const failureColumns = `
  job TEXT PATH '$[0]' ERROR ON ERROR, operation BIGINT UNSIGNED PATH '$[1]' ERROR ON ERROR,
  type TEXT PATH '$[2]' ERROR ON ERROR, op TEXT PATH '$[3]' ERROR ON ERROR,
  object LONGTEXT PATH '$[4]' ERROR ON ERROR, code TEXT PATH '$[5]' ERROR ON ERROR,
  message TEXT PATH '$[6]' ERROR ON ERROR, trace TEXT PATH '$[7]' ERROR ON ERROR,
  raw LONGTEXT PATH '$[8]' ERROR ON ERROR`

// An operation that stands there already keeps its first reason.
const insertFailures = textOf(
  sql`INSERT INTO ${failures} (${names(failures.job, failures.operation, failures.type, failures.op, failures.object, failures.code, failures.message, failures.trace, failures.at, failures.raw)}) SELECT new.job, new.operation, new.type, new.op, new.object, new.code, new.message, new.trace, UTC_TIMESTAMP(3), FROM_BASE64(new.raw) FROM ${jsonTable(failureColumns)} ON DUPLICATE KEY UPDATE ${failures.job} = ${failures.job}`,
)

const supersededColumns = `
  job TEXT PATH '$[0]' ERROR ON ERROR, superseded BIGINT UNSIGNED PATH '$[1]' ERROR ON ERROR`

const insertSuperseded = textOf(
  sql`INSERT INTO ${outcomes} (${names(outcomes.job, outcomes.superseded)}) SELECT new.job, new.superseded FROM ${jsonTable(supersededColumns)} ON DUPLICATE KEY UPDATE ${outcomes.superseded} = ${outcomes.superseded} + new.superseded`,
)
