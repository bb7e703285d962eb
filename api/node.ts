import { serveOnNode } from '../runtime/serve-node.ts'
import { runProcess } from '../wiring/run-process.ts'
import { startApiService } from './start.ts'

await runProcess('api', 'node', startApiService(serveOnNode))
