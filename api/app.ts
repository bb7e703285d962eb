import type { Context } from 'hono'
import { Hono } from 'hono'
import { createAccept } from './accept.ts'
import type { ApiOptions } from './api-options.ts'
import type { Caller } from './auth.ts'
import { discardRest } from './body.ts'
import { Budgets } from './budget.ts'
import { createHealth } from './health.ts'
import { createJobs } from './jobs.ts'
import { defaultApiLimits } from './limits.ts'
import { LogRoom } from './log-room.ts'
import { Problem } from './problem.ts'
import { createReceive } from './receive.ts'
import { ShardBoard } from './shard-board.ts'
import { createShards } from './shards.ts'
import { createSpools } from './spools.ts'
import { traceRequest } from './tracing.ts'
import { createWrites } from './writes.ts'

/** The HTTP API. It holds no state that another process would need. */
export function createApp(options: ApiOptions): Hono {
  const limits = { ...defaultApiLimits, ...options.limits }
  const board = new ShardBoard(options.log, options.clock, limits)
  const bodies = new Budgets(limits.bodyBytesInFlight, 'the memory set aside for bodies')
  const openSpool = createSpools(options, limits)
  const room = new LogRoom(options.log, options.clock, limits)
  const accept = createAccept(options, limits, board, room)
  const receive = createReceive(options, limits, bodies, openSpool)
  const write = createWrites(options, limits, receive, accept)
  const jobs = createJobs(options, limits, board, bodies, openSpool, accept)
  const shards = createShards(options, board, room)
  const health = createHealth(options, limits)

  const app = new Hono()
  const paths = new Map<string, string[]>()
  const open = (method: 'GET' | 'POST', path: string, answer: Answer): void => {
    app.on(method, path, (c) => traceRequest(c.req.raw, path, () => settle(c, path, answer)))
    paths.set(path, [...(paths.get(path) ?? []), method])
  }
  const guarded = (method: 'GET' | 'POST', path: string, answer: GuardedAnswer): void => {
    open(method, path, (c) => answer(c, options.authenticate(c.req.header('authorization'))))
  }

  guarded('POST', '/v1/writes', (c, caller) => write(c.req.raw, caller))
  guarded('POST', '/v1/jobs/lookup', (c, caller) => jobs.lookup(c.req.raw, caller))
  guarded('GET', '/v1/jobs/:receipt', (c, caller) => jobs.show(c.req.param('receipt')!, caller))
  guarded('GET', '/v1/jobs/:receipt/failures', (c, caller) =>
    jobs.failures(c.req.param('receipt')!, caller),
  )
  guarded('POST', '/v1/jobs/failures', async (c, caller) =>
    jobs.failures(await jobs.receiptIn(c.req.raw), caller),
  )
  guarded('POST', '/v1/jobs/:receipt/cancel', (c, caller) =>
    jobs.cancel(c.req.param('receipt')!, caller),
  )
  guarded('POST', '/v1/jobs/cancel', async (c, caller) =>
    jobs.cancel(await jobs.receiptIn(c.req.raw), caller),
  )
  guarded('POST', '/v1/jobs/:receipt/retry', (c, caller) =>
    jobs.retry(c.req.param('receipt')!, caller),
  )
  guarded('POST', '/v1/jobs/retry', async (c, caller) =>
    jobs.retry(await jobs.receiptIn(c.req.raw), caller),
  )
  guarded('GET', '/v1/shards', () => shards.list())
  guarded('GET', '/v1/shards/:shard', (c) => shards.show(c.req.param('shard')!))
  open('GET', '/healthz', health.live)
  open('GET', '/readyz', health.ready)

  for (const [path, methods] of paths) {
    app.all(path, (c) => methodNotAllowed(c.req.method, methods).toResponse())
  }
  app.notFound(() => new Problem('not-found', 'No route has this path.').toResponse())
  app.onError((error) => answerError('request', error))
  return app

  /** Every outcome is a response, so that the request's span sees it. */
  async function settle(c: Context, route: string, answer: Answer): Promise<Response> {
    try {
      return await answer(c)
    } catch (error) {
      const response = answerError(`${c.req.method} ${route}`, error)
      const isTaken = await discardRest(c.req.raw, limits, options.clock)
      if (!isTaken) response.headers.set('connection', 'close')
      return response
    }
  }

  function answerError(where: string, error: unknown): Response {
    if (error instanceof Problem) return error.toResponse()
    options.reportError(where, error)
    return new Problem(
      'internal',
      'An unexpected error was written to the API log. Whether the request took effect is not known.',
    ).toResponse()
  }
}

type Answer = (c: Context) => Response | Promise<Response>
type GuardedAnswer = (c: Context, caller: Caller) => Promise<Response>

function methodNotAllowed(method: string, allowed: readonly string[]): Problem {
  const allow = allowed.join(', ')
  return new Problem('method-not-allowed', `This path serves ${allow}, not ${method}.`, {
    headers: { allow },
  })
}
