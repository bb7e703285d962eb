import { serveOnNode } from '../runtime/serve-node.ts'
import { runProcess } from '../wiring/run-process.ts'
import { startWorkerService } from './start.ts'

await runProcess('worker', 'node', startWorkerService(serveOnNode))
