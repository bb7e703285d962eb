import { Hono } from 'hono'
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
 * A worker's /healthz (it lives) and /readyz (it joined, and all its shards are claimed and moving,
 * or idle). A worker that has no shard is ready: there are more workers than shards.
 */
export function createHealth(worker: Pick<Worker, 'isAssigned' | 'reports'>): Hono {
  const app = new Hono()
  app.get('/healthz', (context) => context.json({ status: 'ok' }))
  app.get('/readyz', (context) => {
    const shards = [...worker.reports].map(([shard, report]) => {
      const { reason, detail } = report
      return { shard, reason, ...(detail !== undefined && { detail }) }
    })
    const waiting = shards.filter(({ reason }) => notReady.has(reason))
    if (!worker.isAssigned) return context.json({ status: 'joining', shards: [] }, 503)
    if (waiting.length > 0) return context.json({ status: 'not ready', shards: waiting }, 503)
    return context.json({ status: 'ready', shards })
  })
  return app
}
