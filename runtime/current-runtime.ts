import process from 'node:process'

export type Runtime = 'node' | 'deno' | 'bun'

/** Which runtime runs this: Bun and Deno say that they are Node as well. */
export function currentRuntime(): Runtime {
  if (process.versions.bun) return 'bun'
  return process.versions.deno ? 'deno' : 'node'
}
