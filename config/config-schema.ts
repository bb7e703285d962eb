import { is } from 'drizzle-orm'
import { MySqlTable } from 'drizzle-orm/mysql-core'
import { z } from 'zod'
import { operationKinds } from '../core/operation.ts'
import type { ShardRoute } from '../db/types/shard-route.ts'
import { nearestName } from './nearest-name.ts'
import type { MysqlShardsOptions } from './shards.ts'

/**
 * The shape of a config. TypeScript checks it in an editor already; this is for what runs without,
 * and for values that come out of functions.
 */

/** Members that are not in the shape are refused, with the one that was probably meant. */
function object<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined
      return unknownMembers(issue.keys, Object.keys(shape))
    },
  })
}

function unknownMembers(keys: readonly string[], known: readonly string[]): string {
  const named = keys.map((key) => {
    const nearest = nearestName(key, known)
    return nearest ? `${key} (did you mean ${nearest}?)` : key
  })
  return `${named.join(', ')} is unknown, expected ${known.join(', ')}`
}

const count = z.int().min(1)
/** Partitions of a topic; Kafka's own advice ends below. */
const maxShards = 10_000
/** Longer names would not fit the tables that failures are kept in. */
const typeName = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

const perShard = z.union([z.number().min(0), functionOf<(shard: number) => number>()], {
  error: 'expected a number from 0, or a function from the shard to one',
})

const shards = object({
  kind: z.literal('mysqlShards', { error: 'expected what mysqlShards() gives' }),
  options: object({
    count: count.max(maxShards),
    url: functionOf<MysqlShardsOptions['url']>(),
    statementsPerSecond: perShard,
    rowsPerSecond: perShard.exactOptional(),
    pullSize: perShard.exactOptional(),
  }),
})

const table = z.custom<MySqlTable>((value) => is(value, MySqlTable), {
  error: 'expected a table of drizzle-orm/mysql-core',
})

const tableEntry = z.preprocess(
  (value) => (is(value, MySqlTable) ? { table: value } : value),
  object({
    table,
    map: z.record(z.string(), z.string().min(1)).default({}),
    on: z
      .array(z.enum(operationKinds))
      .min(1)
      .default([...operationKinds]),
  }),
)

const shardRoute = z.custom<ShardRoute>(
  (value) => typeof (value as ShardRoute | undefined)?.shardOf === 'function',
  { error: 'expected a way to the shard: hash(), modulo(), bits(), ranges() or route()' },
)

/**
 * A statement of so many rows takes some 15 ms where MySQL has time: well within a window, and more
 * rows hardly get cheaper.
 */
const defaultRowsPerStatement = 1000
const rows = count.default(defaultRowsPerStatement)

const type = object({
  shardBy: shardRoute,
  key: z.array(z.string()).min(1),
  tables: z.array(tableEntry).min(1),
  rowsPerStatement: object({
    create: rows,
    upsert: rows,
    update: rows,
    increment: rows,
    delete: rows,
  }).prefault({}),
  ordered: z.boolean().default(false),
  version: z.string().exactOptional(),
})

const milliseconds = count
/** Fewer would stop a shard for what few bad operations in a few requests do. */
const minFailureCredit = 100
/** A replica that takes over may lack minutes; with less nobody could go on from there. */
const minRetainHours = 1

export const configSchema = object({
  shards,
  types: z
    .record(z.string().regex(typeName, { error: `expected a name such as pin: ${typeName}` }), type)
    .refine((types) => Object.keys(types).length > 0, { error: 'expected at least one type' }),
  createTables: z.boolean().default(false),
  worker: object({
    maxWindowStatements: count.exactOptional(),
    maxIsolationStatements: count.exactOptional(),
    failureCredit: z.int().min(minFailureCredit).exactOptional(),
    failingAlikeJobs: z.int().min(0).exactOptional(),
    maxConcurrentWindows: count.exactOptional(),
    fullWorkerBackOffMs: milliseconds.exactOptional(),
    breakerWaitMs: milliseconds.exactOptional(),
    stoppedRetryMs: milliseconds.exactOptional(),
    retainHours: z.number().min(minRetainHours).exactOptional(),
    statementTimeoutMs: milliseconds.exactOptional(),
    lockWaitSeconds: count.exactOptional(),
  }).prefault({}),
  api: object({
    bodyBytes: count.exactOptional(),
    bodyBytesInFlight: count.exactOptional(),
    bodyIdleMs: milliseconds.exactOptional(),
    bodyMs: milliseconds.exactOptional(),
    operations: count.exactOptional(),
    jsonDepth: count.exactOptional(),
    ndjsonLines: count.exactOptional(),
    ndjsonBytes: count.exactOptional(),
    ndjsonLineBytes: count.exactOptional(),
    ndjsonRequests: count.exactOptional(),
    spoolBytes: count.exactOptional(),
    spoolBytesInFlight: count.exactOptional(),
    minLogFreeBytes: z.int().min(0).exactOptional(),
  }).prefault({}),
  messages: object({
    operations: count.exactOptional(),
    bytes: count.exactOptional(),
  }).prefault({}),
})

function functionOf<F>() {
  return z.custom<F>((value) => typeof value === 'function', { error: 'expected a function' })
}

/** One line per thing that is wrong: `types.pin.key: …`. */
export function problemsOf(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) => {
    const text = message.replace(/^Invalid input: /, '')
    return path.length > 0 ? `${path.join('.')}: ${text}` : text
  })
}
