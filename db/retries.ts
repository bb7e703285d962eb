import { sql } from 'drizzle-orm'
import type { RetriedFailure, RetryVerdict } from '../core/shard-store.ts'
import { clearJobs } from './failures.ts'
import { exactCollation, failures } from './schema.ts'
import type { ShardConnection } from './shard-connection.ts'
import { textOf } from './sql-text.ts'

/** Failures marked by one statement: some hundred KiB. */
const partSize = 5_000

/**
 * Marks failures as sent again, in the window's transaction: one that is marked already was sent by
 * an earlier retry, whenever that was. Resolves with a verdict on each. Rejects with MySQL's error.
 */
export async function markRetried(
  connection: ShardConnection,
  ids: readonly RetriedFailure[],
): Promise<readonly RetryVerdict[]> {
  const verdicts: RetryVerdict[] = ids.map(() => 'gone')
  for (let start = 0; start < ids.length; start += partSize) {
    const part = ids.slice(start, start + partSize)
    const sent = part.map(({ job, operation }) => [job, operation])
    const found = await connection.read(lockFailures, [JSON.stringify(sent)])
    const first = found.filter(({ again }) => Number(again) === 0).map(({ n }) => Number(n) - 1)
    for (const { n } of found) verdicts[start + Number(n) - 1] = 'again'
    for (const n of first) verdicts[start + n] = 'first'
    if (first.length > 0) {
      await connection.write(markFailures, [JSON.stringify(first.map((n) => sent[n]))])
      const marked = first.map((n) => part[n]!)
      await clearJobs(connection, await begunAnew(connection, marked))
    }
  }
  return verdicts
}

/**
 * The retries that begin: they send the first failure of their job. What stands under their ids by then
 * is of an earlier use, where that job came again under its key a day later.
 */
async function begunAnew(
  connection: ShardConnection,
  marked: readonly RetriedFailure[],
): Promise<ReadonlySet<string>> {
  const jobs = [...new Set(marked.map(({ job }) => job))]
  const rows = await connection.read(firstFailures, [JSON.stringify(jobs)])
  const first = new Map(rows.map(({ n, operation }) => [jobs[Number(n) - 1]!, Number(operation)]))
  const begun = marked.filter(({ job, operation }) => operation === first.get(job))
  return new Set(begun.map(({ retry }) => retry))
}

const ids = sql.raw(`JSON_TABLE(?, '$[*]' COLUMNS (n FOR ORDINALITY,
  job TEXT PATH '$[0]' ERROR ON ERROR, operation BIGINT UNSIGNED PATH '$[1]' ERROR ON ERROR)) AS new`)

// Without the hint a small table would be scanned, and locked, as a whole.
const byKey = sql`STRAIGHT_JOIN ${failures} AS failure FORCE INDEX (PRIMARY) ON failure.job = new.job COLLATE ${sql.raw(exactCollation)} AND failure.operation = new.operation`

const lockFailures = textOf(
  sql`SELECT new.n AS n, failure.retried_at IS NOT NULL AS again FROM ${ids} ${byKey} FOR UPDATE OF failure`,
)

const firstFailures = textOf(
  sql`SELECT new.n AS n, (SELECT MIN(${failures.operation}) FROM ${failures} WHERE ${failures.job} = new.job COLLATE ${sql.raw(exactCollation)}) AS operation FROM JSON_TABLE(?, '$[*]' COLUMNS (n FOR ORDINALITY, job TEXT PATH '$' ERROR ON ERROR)) AS new`,
)

const markFailures = textOf(sql`UPDATE ${ids} ${byKey} SET failure.retried_at = UTC_TIMESTAMP(3)`)
