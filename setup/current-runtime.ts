import process from 'node:process'
import type { Serve } from '../runtime/serve.ts'
import type { Runtime } from '../wiring/run-process.ts'

/** Which runtime runs this: Bun and Deno say that they are Node as well. */
export function currentRuntime(): Runtime {
  if (process.versions.bun) return 'bun'
  return process.versions.deno ? 'deno' : 'node'
}

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
