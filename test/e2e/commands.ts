import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export type Runtime = 'node' | 'deno' | 'bun'

/** The folder of the project, from which everything is started. */
export const root = resolve(import.meta.dirname, '../..')

const scripts = {
  api: (runtime: Runtime) => `api/${runtime}.ts`,
  worker: (runtime: Runtime) => `consumer/${runtime}.ts`,
  migrate: () => 'setup/migrate.ts',
  repair: () => 'setup/repair.ts',
  start: () => 'setup/start.ts',
}

export type Service = keyof typeof scripts

/** How a user starts a part on a runtime; on Deno with the permissions that `deno.json` grants. */
export function commandOf(service: Service, runtime: Runtime): string[] {
  const program = join(root, 'node_modules/.bin', runtime)
  if (runtime !== 'deno') return [program, scripts[service](runtime)]
  const { tasks } = JSON.parse(readFileSync(join(root, 'deno.json'), 'utf8')) as {
    tasks: Record<Service, string>
  }
  const [, args] = tasks[service].match(/deno (run [^']+\.ts)/)!
  return [program, ...args!.split(' ')]
}
