// `npm test [-- filter …]`: the checks, then the tests. With filters, those tests only.

import { delimiter, resolve } from 'node:path'
import { readSettings } from '../config/settings.ts'
import { stopRequested } from '../runtime/stop-signals.ts'
import { checks, runCheck } from './checks.ts'
import { printSteps } from './steps.ts'
import { startTests } from './test-run.ts'

const filters = process.argv.slice(2)
const steps = printSteps(process.stdout)
const path = [resolve('node_modules/.bin'), process.env.PATH ?? ''].join(delimiter)
const env = { ...process.env, PATH: path }
let exitCode = 0

const interrupt = stopRequested()
void interrupt.then(() => {
  exitCode ||= 130
})

for (const check of filters.length === 0 ? checks() : []) {
  try {
    await steps.step(check.title, () => runCheck(check, env))
  } catch (error) {
    console.error((error as Error).message)
    exitCode ||= 1
  }
}

const tests = startTests(readSettings(process.env).dataDir, filters, env)
void interrupt.then(tests.interrupt)
const { code, passed, failed } = await tests.ended
console.log(`\n${passed} passed, ${failed} failed`)
process.exit(exitCode || code)
