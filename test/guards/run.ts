// `npm run faults:guards [-- name …]`: takes each guard away, one after the other, in a copy of the
// sources, and runs the tests that are meant to notice. Fails if one is not missed by any test.

import { delimiter, resolve } from 'node:path'
import { readSettings } from '../../config/settings.ts'
import { stopRequested } from '../../runtime/stop-signals.ts'
import type { Guard } from './guard.ts'
import { guards, wholeSuite } from './guards.ts'
import { SourceCopy } from './source-copy.ts'
import { runTests } from './test-run.ts'

const shownPerFile = 2
const wanted = process.argv.slice(2)
const chosen = guards.filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
)
const env = {
  ...process.env,
  PATH: [resolve('node_modules/.bin'), process.env.PATH ?? ''].join(delimiter),
  // Programs of MySQL and Kafka are where they were.
  SLUICE_DATA_DIR: resolve(readSettings(process.env).dataDir),
}
const abort = new AbortController()
void stopRequested().then(() => abort.abort())

const copy = new SourceCopy(process.cwd())
try {
  for (const { edits } of guards) copy.apply(edits)()
  await expectAllPass([...new Set(chosen.flatMap(({ tests }) => tests))])
  let survivors = 0
  for (const guard of chosen) if (!(await isMissed(guard))) survivors++
  console.log(`\n${chosen.length} guards, ${survivors} not missed by any test`)
  process.exitCode = survivors === 0 ? 0 : 1
} catch (error) {
  console.error(`\n${(error as Error).message}`)
  process.exitCode = 1
} finally {
  copy.remove()
}
process.exit()

/** A test that fails anyhow proves nothing. */
async function expectAllPass(tests: readonly string[]): Promise<void> {
  const { passed, failed, broken } = await runTests(copy.path, tests, env, abort.signal)
  if (failed.length + broken.length > 0) {
    throw new Error(`with all guards in place these fail:\n${[...failed, ...broken].join('\n')}`)
  }
  console.log(`with all guards in place ${passed} tests pass`)
}

async function isMissed(guard: Guard): Promise<boolean> {
  const startMs = performance.now()
  const putBack = copy.apply(guard.edits)
  try {
    const caught = (await caughtBy(guard.tests)) ?? (await caughtBy(wholeSuite))
    const seconds = ((performance.now() - startMs) / 1000).toFixed(0)
    console.log(`\n${caught ? '✔' : '✘'} without ${guard.name} (${seconds} s): ${guard.else}`)
    for (const line of caught ? firstOf(caught) : ['NO TEST FAILS']) console.log(`    ${line}`)
    return caught !== undefined
  } finally {
    putBack()
  }
}

async function caughtBy(tests: readonly string[]): Promise<readonly string[] | undefined> {
  const { failed, broken } = await runTests(copy.path, tests, env, abort.signal)
  if (failed.length > 0) return failed
  if (broken.length === 0) return undefined
  throw new Error(`these do not even run, so the edit is wrong:\n${broken.join('\n')}`)
}

/** A few of each file, and how many more there are. */
function firstOf(failed: readonly string[]): string[] {
  const byFile = Map.groupBy(failed, (test) => test.slice(0, test.indexOf(':')))
  return [...byFile].flatMap(([file, tests]) => {
    const more = tests.length - shownPerFile
    return [...tests.slice(0, shownPerFile), ...(more > 0 ? [`${file}: ${more} more`] : [])]
  })
}
