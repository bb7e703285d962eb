import { Hono } from 'hono'
import type { Log } from '../core/log.ts'
import { LogError } from '../core/log.ts'
import type { ShardReason } from '../core/shard-status.ts'
import type { Worker } from './worker.ts'

/** A shard in one of these applies nothing now, and somebody should know. */
const notReady: ReadonlySet<ShardReason> = new Set([
  'starting',
  'stopped',
  'backing_off',
  'tripped',
])

/**
 * A worker's /healthz (it lives) and /readyz (the log answers, it joined, and all its shards are
 * claimed and moving, or idle). A worker that has no shard is ready: there are more workers than
 * shards. Without the log it has none either, so the log is asked.
 */
export function createHealth(
  worker: Pick<Worker, 'isAssigned' | 'reports'>,
  log: Pick<Log, 'ping'>,
): Hono {
  const app = new Hono()
  app.get('/healthz', (context) => context.json({ status: 'ok' }))
  app.get('/readyz', async (context) => {
    const missing = await log.ping().then(() => undefined, whyNot)
    const shards = [...worker.reports].map(([shard, report]) => {
      const { reason, detail } = report
      return { shard, reason, ...(detail !== undefined && { detail }) }
    })
    const waiting = shards.filter(({ reason }) => notReady.has(reason))
    if (missing) return context.json({ status: 'not ready', log: missing, shards: waiting }, 503)
    if (!worker.isAssigned) return context.json({ status: 'joining', shards: [] }, 503)
    if (waiting.length > 0) return context.json({ status: 'not ready', shards: waiting }, 503)
    return context.json({ status: 'ready', shards })
  })
  return app
}

/** Only errors whose messages are made for people are shown. */
function whyNot(error: unknown): { code: string; detail: string } {
  if (error instanceof LogError) return { code: error.code, detail: error.message }
  return { code: 'unexpected', detail: `an unexpected ${(error as Error).name}` }
}
