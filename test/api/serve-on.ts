import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, expect } from 'vitest'
import type { ServedApiOptions } from './served-api.ts'

export const runtimes = ['node', 'deno', 'bun'] as const
export type Runtime = (typeof runtimes)[number]

/** A folder for a file's tests; Deno may write there alone. */
export const folder = mkdtempSync(join(tmpdir(), 'sluice-served-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const commands = {
  node: [],
  deno: ['run', '--allow-net', '--allow-env', '--allow-sys', '--allow-read'],
  bun: [],
}

let running: ChildProcess[] = []
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running = []
})

export type Body = NonNullable<RequestInit['body']>

export interface ServeOptions extends Partial<ServedApiOptions> {
  /** What the process runs under: a shell that sets limits first. */
  readonly under?: readonly string[]
}

/** Starts `served-api.ts` on a runtime. */
export async function serveOn(runtime: Runtime, { under = [], ...options }: ServeOptions = {}) {
  const { spoolFolder = join(folder, 'spool') } = options
  const writable = runtime === 'deno' ? [`--allow-write=${folder},${spoolFolder}`] : []
  const command = [
    ...under,
    resolve('node_modules/.bin', runtime),
    ...commands[runtime],
    ...writable,
    resolve('test/api/served-api.ts'),
    runtime,
    JSON.stringify({ ...options, spoolFolder }),
  ]
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] })
  running.push(child)
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const port = Number((await lines.next()).value)
  if (!(port > 0)) throw new Error(`the API on ${runtime} did not start: ${errors}`)
  const url = `http://127.0.0.1:${port}`
  const exited = once(child, 'exit').then(([code]: unknown[]) => code)
  const post =
    (contentType: string) =>
    (body: Body, headers: Record<string, string> = {}) =>
      fetch(`${url}/v1/writes`, {
        method: 'POST',
        headers: { 'content-type': contentType, ...headers },
        body,
        duplex: 'half',
      })
  return {
    url,
    port,
    pid: child.pid!,
    write: post('application/json'),
    upload: post('application/x-ndjson'),
    /** What it said on standard error. */
    errors: () => errors,
    /** Resolves once one more request has begun. */
    async requestBegins(): Promise<void> {
      expect((await lines.next()).value).toBe('request')
    },
    async stop(): Promise<unknown> {
      child.kill('SIGTERM')
      return exited
    },
    async kill(): Promise<void> {
      child.kill('SIGKILL')
      await exited
    },
  }
}
