import { serveOnBun } from '../runtime/serve-bun.ts'
import { runProcess } from '../wiring/run-process.ts'
import { startWorkerService } from './start.ts'

await runProcess('worker', 'bun', startWorkerService(serveOnBun))
