import { serveOnBun } from '../runtime/serve-bun.ts'
import { runProcess } from '../wiring/run-process.ts'
import { startApiService } from './start.ts'

await runProcess('api', 'bun', startApiService(serveOnBun))
