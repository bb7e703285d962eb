import type { Receipt } from '../core/receipt.ts'
import type { ApiOptions } from './api-options.ts'
import type { Caller } from './auth.ts'
import { readWholeBody } from './body.ts'
import type { Budgets } from './budget.ts'
import { streamFailures } from './failures.ts'
import { JobReader } from './job-reader.ts'
import { parseJson } from './json.ts'
import type { ApiLimits } from './limits.ts'
import { bodyForm } from './media-type.ts'
import { excerpt, Problem } from './problem.ts'
import type { ShardBoard } from './shard-board.ts'

/** The routes under `/v1/jobs`: how far a job is, and what failed of it. */
export function createJobs(
  options: ApiOptions,
  limits: ApiLimits,
  board: ShardBoard,
  bodies: Budgets,
) {
  const { jobs, receipts } = options
  const reader = jobs && new JobReader(jobs, options, limits, board)

  return {
    async show(text: string, caller: Caller): Promise<Response> {
      const receipt = await open(text, caller)
      const [job] = await requireJobs(reader).read([receipt])
      return Response.json(job)
    },

    /** Receipts in the body: one, answered as `show` does, or a list, answered in its order. */
    async lookup(request: Request, caller: Caller): Promise<Response> {
      bodyForm(request, ['json'])
      using budget = bodies.open()
      const bodyOptions = { maxBytes: limits.bodyBytes, limits, clock: options.clock }
      const body = await readWholeBody(request, bodyOptions, budget)
      const lookup = parseLookup(parseJson(body, limits.jsonDepth), limits.receipts)
      const opened = await Promise.all(lookup.texts.map((text) => open(text, caller)))
      const views = await requireJobs(reader).read(opened)
      return Response.json(lookup.single ? views[0] : { jobs: views })
    },

    async failures(text: string, caller: Caller): Promise<Response> {
      const receipt = await open(text, caller)
      return streamFailures(receipt, requireJobs(jobs), options, limits)
    },
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

function parseLookup(
  body: unknown,
  maxReceipts: number,
): { readonly single: boolean; readonly texts: readonly string[] } {
  const { receipt, receipts, ...others } = (body ?? {}) as Record<string, unknown>
  const single = receipts === undefined
  const texts = single ? [receipt] : receipts
  const isLookup = Array.isArray(texts) && texts.every((text) => typeof text === 'string')
  if (!isLookup || texts.length === 0 || Object.keys(others).length > 0) {
    throw new Problem('bad-request', lookupShape)
  }
  if (!single && receipt !== undefined) throw new Problem('bad-request', lookupShape)
  if (texts.length > maxReceipts) {
    throw new Problem(
      'too-large',
      `One lookup takes at most ${maxReceipts} receipts, this one has ${texts.length}.`,
    )
  }
  return { single, texts }
}
