import { run } from './command.ts'

export interface Check {
  readonly title: string
  readonly command: string
  readonly args: readonly string[]
}

const limitMs = 300_000

/** What holds for the sources before any test runs. */
export function checks(): Check[] {
  return [
    { title: 'Types', command: 'tsc', args: ['--noEmit', '--pretty', 'false'] },
    { title: 'Lint, format, import rule', command: 'biome', args: ['check', '--colors=off', '.'] },
  ]
}

export async function runCheck(check: Check, env: NodeJS.ProcessEnv): Promise<void> {
  await run(check.command, [...check.args], { limitMs, env })
}
