import { serveOnDeno } from '../runtime/serve-deno.ts'
import { runProcess } from '../wiring/run-process.ts'
import { startWorkerService } from './start.ts'

await runProcess('worker', 'deno', startWorkerService(serveOnDeno))
