import type { Receipt } from '../core/receipt.ts'
import type { Accept } from './accept.ts'
import type { ApiOptions } from './api-options.ts'
import type { Caller } from './auth.ts'
import { requireWriter } from './auth.ts'
import { readWholeBody } from './body.ts'
import type { Budgets } from './budget.ts'
import { createCancel } from './cancel.ts'
import { KnownCancels } from './cancelled.ts'
import { streamFailures } from './failures.ts'
import { JobReader } from './job-reader.ts'
import { parseJson } from './json.ts'
import type { ApiLimits } from './limits.ts'
import { bodyForm } from './media-type.ts'
import { excerpt, Problem } from './problem.ts'
import { createRetry } from './retry.ts'
import type { ShardBoard } from './shard-board.ts'
import type { OpenSpool } from './spools.ts'

/** The routes under `/v1/jobs`: how far a job is, what failed of it, and what to do about it. */
export function createJobs(
  options: ApiOptions,
  limits: ApiLimits,
  board: ShardBoard,
  bodies: Budgets,
  openSpool: OpenSpool,
  accept: Accept,
) {
  const { jobs, receipts } = options
  const cancels = new KnownCancels(options, limits)
  const reader = jobs && new JobReader(jobs, options, limits, board, cancels)
  const retryJob = createRetry(options, limits, openSpool, accept)
  const cancelJob = createCancel(options, limits, board, cancels)

  return {
    receiptIn,

    async show(text: string, caller: Caller): Promise<Response> {
      const receipt = await open(text, caller)
      const [job] = await requireJobs(reader).read([receipt])
      return Response.json(job)
    },

    /** Receipts in the body: one, answered as `show` does, or a list, answered in its order. */
    async lookup(request: Request, caller: Caller): Promise<Response> {
      const lookup = parseLookup(await readJson(request), lookupShape)
      requireFew(lookup.texts, limits.receipts)
      const opened = await Promise.all(lookup.texts.map((text) => open(text, caller)))
      const views = await requireJobs(reader).read(opened)
      return Response.json(lookup.single ? views[0] : { jobs: views })
    },

    /** Without access to the shards the cancel is durable, and nothing is known of the job: 202. */
    async cancel(text: string, caller: Caller): Promise<Response> {
      requireWriter(caller)
      const receipt = await open(text, caller)
      const view = await cancelJob(receipt, reader)
      return view ? Response.json(view) : Response.json({ job: receipt.job }, { status: 202 })
    },

    async retry(text: string, caller: Caller): Promise<Response> {
      requireWriter(caller)
      const receipt = await open(text, caller)
      return retryJob(receipt, caller, requireJobs(jobs), requireJobs(reader))
    },

    async failures(text: string, caller: Caller): Promise<Response> {
      const receipt = await open(text, caller)
      return streamFailures(receipt, requireJobs(jobs), options, limits)
    },
  }

  /** The receipt that a request has in its body, since it is too long for a path. */
  async function receiptIn(request: Request): Promise<string> {
    const { texts } = parseLookup(await readJson(request), oneJobShape)
    const [text, ...others] = texts
    if (others.length > 0) throw new Problem('bad-request', oneJobShape)
    return text!
  }

  async function readJson(request: Request): Promise<unknown> {
    bodyForm(request, ['json'])
    using budget = bodies.open()
    const bodyOptions = { maxBytes: limits.bodyBytes, limits, clock: options.clock }
    const body = await readWholeBody(request, bodyOptions, budget)
    return parseJson(body, limits.jsonDepth)
  }

  async function open(text: string, caller: Caller): Promise<Receipt> {
    const receipt = await receipts.verify(text)
    if (!receipt) {
      throw new Problem(
        'unknown-receipt',
        `No key of this deployment signed the receipt ${JSON.stringify(excerpt(text, 24))}: send it whole, as the write's answer gave it. Several APIs know each other's receipts by the same SLUICE_RECEIPT_KEYS.`,
      )
    }
    if (receipt.tenant !== caller.tenant && caller.role !== 'admin') {
      throw new Problem('forbidden', 'This receipt belongs to another tenant than the API key.')
    }
    return receipt
  }
}

function requireJobs<T>(jobs: T | undefined): T {
  if (jobs) return jobs
  throw new Problem(
    'job-results-unavailable',
    'This API runs without access to the shards, which hold the results of jobs. Ask an API that has it, or start this one with a config whose shard URLs it may use.',
  )
}

const lookupShape = 'Send `{"receipt": "…"}`, or `{"receipts": ["…", …]}`.'
const oneJobShape = 'Send `{"receipt": "…"}`: one job at a time.'

interface Lookup {
  /** Whether it is one receipt, not a list. */
  readonly single: boolean
  /** One at least. */
  readonly texts: readonly string[]
}

/** Throws a Problem that tells the shape where it is none. */
function parseLookup(body: unknown, shape: string): Lookup {
  const { receipt, receipts, ...others } = (body ?? {}) as Record<string, unknown>
  const single = receipts === undefined
  const texts = single ? [receipt] : receipts
  const isLookup = Array.isArray(texts) && texts.every((text) => typeof text === 'string')
  if (!isLookup || texts.length === 0 || Object.keys(others).length > 0) {
    throw new Problem('bad-request', shape)
  }
  if (!single && receipt !== undefined) throw new Problem('bad-request', shape)
  return { single, texts }
}

function requireFew(texts: readonly string[], maxReceipts: number): void {
  if (texts.length <= maxReceipts) return
  throw new Problem(
    'too-large',
    `One lookup takes at most ${maxReceipts} receipts, this one has ${texts.length}.`,
  )
}
