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

/** A worker's /healthz (it lives) and /readyz (all its shards are claimed and moving, or idle). */
export function createHealth(worker: Pick<Worker, 'reports'>): Hono {
  const app = new Hono()
  app.get('/healthz', (context) => context.json({ status: 'ok' }))
  app.get('/readyz', (context) => {
    const shards = [...worker.reports].map(([shard, report]) => {
      const { reason, detail } = report
      return { shard, reason, ...(detail !== undefined && { detail }) }
    })
    const waiting = shards.filter(({ reason }) => notReady.has(reason))
    const isReady = waiting.length === 0
    return context.json(
      { status: isReady ? 'ready' : 'not ready', shards: isReady ? shards : waiting },
      isReady ? 200 : 503,
    )
  })
  return app
}
