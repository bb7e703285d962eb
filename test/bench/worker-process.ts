import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { text } from 'node:stream/consumers'

export type BenchRuntime = 'node' | 'deno' | 'bun'

const runOptions: Readonly<Record<BenchRuntime, readonly string[]>> = {
  // As the README advises: V8's young generation holds a few windows, so that few rows are copied.
  node: ['--max-semi-space-size=64'],
  deno: ['run', '-A'],
  bun: [],
}

/** A script in a process of its own, on a runtime of the locked packages. */
export function startBenchWorker(
  runtime: BenchRuntime,
  script: readonly string[],
  environment: Readonly<Record<string, string>>,
) {
  const child = spawn(runtime, [...runOptions[runtime], ...script], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const output = text(child.stdout)
  const ended = once(child, 'exit')
  return {
    /** What it printed last, as JSON, once it ended by itself. */
    async result<T>(): Promise<T> {
      const [code] = await ended
      if (code !== 0) throw new Error(`${script[0]} on ${runtime} ended with code ${code}`)
      return JSON.parse((await output).trim().split('\n').at(-1)!) as T
    },
    async stop(): Promise<void> {
      child.kill('SIGKILL')
      await ended
    },
  }
}
