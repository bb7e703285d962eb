import { currentRuntime } from '../runtime/current-runtime.ts'
import type { Serve } from '../runtime/serve.ts'

/** What serves HTTP on the runtime that runs this. */
export async function serveHere(): Promise<Serve> {
  const runtime = currentRuntime()
  switch (runtime) {
    case 'node':
      return (await import('../runtime/serve-node.ts')).serveOnNode
    case 'deno':
      return (await import('../runtime/serve-deno.ts')).serveOnDeno
    case 'bun':
      return (await import('../runtime/serve-bun.ts')).serveOnBun
    default:
      return runtime satisfies never
  }
}
