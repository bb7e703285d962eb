import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { root } from './commands.ts'
import { Deployment } from './deployment.ts'
import { createUser } from './operations.ts'

const timeout = 60_000

/** Runs a task as a user does, to its end; resolves with all that it said. */
async function task(...args: string[]): Promise<string> {
  const programs = join(root, 'node_modules/.bin')
  const env = { ...process.env, PATH: [programs, process.env.PATH].join(delimiter) }
  const running = promisify(execFile)(join(programs, 'deno'), ['task', ...args], { cwd: root, env })
  const { stdout, stderr } = await running.catch(
    (failed: { stdout: string; stderr: string }) => failed,
  )
  return stdout + stderr
}

test.each([
  ['migrate', 'migrate: migrate takes --print only, found --unknown'],
  ['repair', "repair: Unknown option '--unknown'"],
  ['test', 'Unknown option `--unknown`'],
])('deno task %s hands on what stands behind it', { timeout }, async (name, answer) => {
  expect(await task(name, '--unknown')).toContain(answer)
})

test('on Deno the data folder may be anywhere', { timeout }, async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'sluice-data-'))
  onTestFinished(() => rmSync(elsewhere, { recursive: true }))
  const deployment = new Deployment({ env: { SLUICE_DATA_DIR: elsewhere } })
  await deployment.migrate('deno')
  const [api] = await Promise.all([deployment.startApi('deno'), deployment.startWorker('deno')])
  expect(await api.applied([createUser('1')])).toMatchObject({ state: 'done', applied: 1 })
  expect(readdirSync(elsewhere)).toEqual(
    expect.arrayContaining(['log.sqlite', 'receipt-keys.json']),
  )
})
