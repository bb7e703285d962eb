import type { JobFailure, JobStore } from '../core/job-store.ts'
import { keyedJobPart, ownKey } from '../core/keyed-request.ts'
import type { Receipt } from '../core/receipt.ts'
import type { Accept } from './accept.ts'
import type { ApiOptions } from './api-options.ts'
import type { Caller } from './auth.ts'
import { requireMayWrite } from './auth.ts'
import { failurePages, failuresUnread } from './failures.ts'
import { Issues } from './issues.ts'
import type { JobReader } from './job-reader.ts'
import { isOver, type JobView } from './job-view.ts'
import type { ApiLimits } from './limits.ts'
import { OperationReader } from './operation-reader.ts'
import { Problem } from './problem.ts'
import type { Received, ReceivedPart } from './receive.ts'
import type { OpenSpool } from './spools.ts'

const route = 'POST /v1/jobs/:receipt/retry'

const spoolAdvice = {
  tooLarge: 'whoever runs the API can raise `spoolBytes` under `api` in its config',
  unavailable: 'retry the job again later',
}

/**
 * `POST /v1/jobs/{receipt}/retry`: the operations of a job that failed, as they were sent and under
 * their own indexes, as a job that is linked to it. The shards take each of them once, however often
 * and whenever this is asked (`consumer/admission.ts`): so the new job's id is always the same.
 */
export function createRetry(
  options: ApiOptions,
  limits: ApiLimits,
  openSpool: OpenSpool,
  accept: Accept,
) {
  return async (
    receipt: Receipt,
    caller: Caller,
    jobs: JobStore,
    reader: JobReader,
  ): Promise<Response> => {
    const [view] = await reader.read([receipt])
    requireRetryable(view!)
    const pages = failurePages(receipt, jobs, options, limits)
    using room = await accept.room()
    await using received = receive(pages, caller)
    // An admin may do it for another tenant, whose job it stays.
    const { job: retryOf, tenant } = receipt
    // Always the same one for a job, and no other's: clients' keys and random ids look otherwise.
    const job = keyedJobPart(options.newDigest, tenant, ownKey(`retry of ${retryOf}`))
    const operations = await accept.batch(received, job, tenant, room)
    const as = { job, tenant, operations, retryOf, room, route }
    return await accept.respond(await accept.publish(received.outbox, as))
  }

  /** A page is in memory at a time, its operations wait on disk until the last one was read. */
  function receive(pages: AsyncIterable<readonly JobFailure[]>, caller: Caller): Received {
    const issues = new Issues(limits.errors)
    const rules = {
      types: options.types,
      requireMayWrite: (type: string) => requireMayWrite(caller, type),
    }
    const placed = openSpool(route, spoolAdvice)
    return {
      parts: readOperations(pages, new OperationReader(rules, issues)),
      issues,
      outbox: placed.spool,
      [Symbol.asyncDispose]: () => placed[Symbol.asyncDispose](),
    }
  }
}

/** They were valid once; a type or table may have changed since. */
async function* readOperations(
  pages: AsyncIterable<readonly JobFailure[]>,
  reader: OperationReader,
): AsyncGenerator<ReceivedPart> {
  try {
    for await (const page of pages) {
      const read = page.map(({ index, type, op, object, by }) =>
        reader.readOperation(index, { type, op, object, ...(by !== undefined && { by }) }),
      )
      const operations = read.filter((operation) => operation !== undefined)
      yield { operations, bytes: JSON.stringify(page).length }
    }
  } catch (error) {
    throw error instanceof Problem ? error : failuresUnread(error)
  }
}

function requireRetryable(view: JobView): void {
  if (view.unknown !== undefined) {
    const { error } = view.shards.find((shard) => 'error' in shard) as { error: string }
    const detail = `Whether the job is over is not known: ${error}. Nothing was sent.`
    throw new Problem('shard-unavailable', detail, { headers: { 'retry-after': '5' } })
  }
  if (!isOver(view)) {
    const detail = `${view.pending} operations of the job are pending, and more of it may fail: retry it once it is over. Nothing was sent.`
    throw new Problem('job-not-over', detail, { extensions: { pending: view.pending } })
  }
  if (view.failed === 0) {
    throw new Problem('nothing-to-retry', 'The job is over, and none of its operations failed.')
  }
}
