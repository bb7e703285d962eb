import type { JobFailure, JobStore } from '../core/job-store.ts'
import type { ShardId } from '../core/position.ts'
import type { Receipt } from '../core/receipt.ts'
import { StoreError } from '../core/shard-store.ts'
import type { ApiOptions } from './api-options.ts'
import { withDeadline } from './deadline.ts'
import { whyUnread } from './job-reader.ts'
import { otherLog } from './job-view.ts'
import type { ApiLimits } from './limits.ts'
import { Problem } from './problem.ts'

/**
 * A job's failures as NDJSON: shard by shard, in the order of operations within each. One page is
 * in memory at a time, and the next is read once the client has taken it.
 */
export async function streamFailures(
  receipt: Receipt,
  jobs: JobStore,
  options: ApiOptions,
  limits: ApiLimits,
): Promise<Response> {
  const pages = failurePages(receipt, jobs, options, limits)
  // Read before the answer begins, so that a shard that is down is a 503.
  let next = await pages.next().catch((error: unknown) => {
    throw failuresUnread(error)
  })
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (next.done) {
          controller.close()
          return
        }
        controller.enqueue(encoder.encode(next.value.map(line).join('')))
        // A shard that fails now breaks the transfer off: the client must not take it for whole.
        next = await pages.next()
      },
      async cancel() {
        await pages.return(undefined)
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } })
}

const encoder = new TextEncoder()

export function failuresUnread(cause: unknown): Problem {
  const headers = { 'retry-after': '5' }
  const detail = `The failures can't be listed: ${whyUnread(cause)}.`
  return new Problem('shard-unavailable', detail, { cause, headers })
}

/** A job's failures, a page at a time, shard by shard. Rejects with what a shard says. */
export async function* failurePages(
  { job, logId, shards }: Receipt,
  jobs: JobStore,
  { clock, reportError }: ApiOptions,
  { failuresPage, readTimeoutMs }: ApiLimits,
): AsyncGenerator<readonly JobFailure[], undefined> {
  for (const { shard } of shards) {
    let after = -1
    for (;;) {
      let page: readonly JobFailure[]
      try {
        const reading = readPage(shard, after)
        page = await withDeadline(clock, readTimeoutMs, reading)
      } catch (error) {
        reportError(`failures on shard ${shard}`, error)
        throw error
      }
      const last = page.at(-1)
      if (last) yield page
      if (!last || page.length < failuresPage) break
      after = last.index
    }
  }
  return undefined

  async function readPage(shard: ShardId, after: number): Promise<readonly JobFailure[]> {
    // A database that is another shard's has no failures of this job either: that is no answer.
    const progress = after < 0 ? await jobs.progress(shard, [job]) : undefined
    if (progress && progress.logId !== logId) {
      throw new StoreError('stop', 'OTHER_LOG', otherLog(logId, progress.logId))
    }
    return jobs.failures(shard, job, after, failuresPage)
  }
}

function line({ index, type, op, object, by, code, message }: JobFailure): string {
  return `${JSON.stringify({ index, type, op, object, by, code, message })}\n`
}
