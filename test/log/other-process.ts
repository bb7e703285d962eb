import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Runs a file by a runtime; Deno wants a command and permissions first. */
export function runFile(runtime: string, file: string, args: readonly string[]): ChildProcess {
  const isDeno = /deno(\.exe)?$/.test(runtime)
  return spawn(runtime, [...(isDeno ? ['run', '-A'] : []), file, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
}

/** Starts a process that joins a log's group, and resolves once it has. */
export async function startMember(kind: string, where: string): Promise<{ kill(): Promise<void> }> {
  const file = new URL('./member-process.ts', import.meta.url).pathname
  const child = runFile(process.execPath, file, [kind, where])
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout! })
  const joined = once(lines, 'line').then(([line]) => line)
  const first = await Promise.race([joined, ended.then(() => 'nothing')])
  if (first !== 'joined') throw new Error(`the other member said ${first}`)
  return {
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
