// An API served by the runtime that runs this file, over a log in memory, or over the embedded log
// at `logFile`. Prints its port, then a line per request as it begins, and stops on SIGTERM.
//   node test/api/served-api.ts node '{"spoolFolder": "…"}'

import process from 'node:process'
import { createApp } from '../../api/app.ts'
import { authenticateBy } from '../../api/auth.ts'
import type { ApiLimits } from '../../api/limits.ts'
import { createReceipts } from '../../api/receipts.ts'
import { openSqliteLog } from '../../log/sqlite-log.ts'
import { checksum } from '../../runtime/checksum.ts'
import { systemClock } from '../../runtime/clock.ts'
import { newDigest } from '../../runtime/digest.ts'
import type { Serve } from '../../runtime/serve.ts'
import { stopServer } from '../../runtime/serve.ts'
import { stopRequested } from '../../runtime/stop-signals.ts'
import { MemoryLog } from '../support/memory-log.ts'
import { noteType } from './note-type.ts'

export interface ServedApiOptions {
  readonly spoolFolder: string
  readonly graceMs?: number
  readonly limits?: Partial<ApiLimits>
  readonly logFile?: string
}

const servers: Record<string, () => Promise<Serve>> = {
  node: async () => (await import('../../runtime/serve-node.ts')).serveOnNode,
  deno: async () => (await import('../../runtime/serve-deno.ts')).serveOnDeno,
  bun: async () => (await import('../../runtime/serve-bun.ts')).serveOnBun,
}

const [runtime, given] = process.argv.slice(2)
const { spoolFolder, graceMs = 5000, limits, logFile }: ServedApiOptions = JSON.parse(given!)
const stopping = stopRequested()
const serve = await servers[runtime!]!()
const app = createApp({
  types: new Map([['note', noteType()]]),
  log: logFile ? openSqliteLog({ path: logFile, partitions: 4, owner: 'test' }) : new MemoryLog(),
  logSystem: 'memory',
  receipts: await createReceipts([{ kid: 'test', secret: new Uint8Array(32) }]),
  authenticate: authenticateBy(undefined),
  clock: systemClock,
  checksum,
  newDigest,
  newJobId: () => crypto.randomUUID(),
  spoolFolder,
  ...(limits && { limits }),
  version: '0.0.0',
  reportError: (where, error) => console.error(where, error),
})
const fetch = (request: Request) => {
  console.log('request')
  return app.fetch(request)
}
const server = await serve({ fetch, host: '127.0.0.1', port: 0 })
console.log(server.port)
await stopping
await stopServer(server, systemClock, graceMs)
process.exit(0)
