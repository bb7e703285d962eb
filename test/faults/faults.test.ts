import process from 'node:process'
import { expect, inject, test } from 'vitest'
import { root } from '../e2e/commands.ts'
import { ServiceProcess } from '../e2e/service-process.ts'

const limitMs = 300_000

test('a part of the faults, as a seed chooses them: nothing lost, wrong or doubled', {
  timeout: limitMs,
}, async () => {
  const env = { ...process.env, SLUICE_DATA_DIR: inject('dataDir') }
  const command = [process.execPath, 'test/faults/run.ts', '--share', 'tests']
  const run = new ServiceProcess(command, env, root)
  const code = await run.ended
  console.log(run.output)
  expect(code).toBe(0)
})
