import { serveOnDeno } from '../runtime/serve-deno.ts'
import { runProcess } from '../wiring/run-process.ts'
import { startApiService } from './start.ts'

await runProcess('api', 'deno', startApiService(serveOnDeno))
