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

const tasks: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(join(root, 'deno.json'), 'utf8'),
).tasks

/** How a user starts a part on a runtime; on Deno by the line of its task, with its permissions. */
export function commandOf(service: Service, runtime: Runtime): string[] {
  const program = join(root, 'node_modules/.bin', runtime)
  if (runtime !== 'deno') return [program, scripts[service](runtime)]
  // Not `deno task` itself: the shell's `exec` keeps the process that is signalled.
  const [, line, dashes] = tasks[service]!.match(/^sh -c '([^']+)'( --)?$/)!
  const own = line!.replace('exec deno ', `exec "${program}" `)
  return ['sh', '-c', own, ...(dashes ? ['--'] : [])]
}
