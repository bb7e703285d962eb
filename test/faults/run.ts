// `npm run faults`: everything that Sluice is to survive, done to real processes under load, after
// which every row, counter, failure, outcome and receipt is compared with a model.
//   --share short|tests   a quarter of the tries, or a part that `npm test` has time for
//   --only worker-killed  faults of this name alone (may be given several times)
//   --count 3             so many tries of each
//   --seed 42             the same choices as a run that failed

import process from 'node:process'
import { parseArgs } from 'node:util'
import { readSettings } from '../../config/settings.ts'
import { stopRequested } from '../../runtime/stop-signals.ts'
import { printSteps } from '../../setup/steps.ts'
import { UndoStack } from '../../setup/undo-stack.ts'
import { attemptFault, type FaultResult } from './attempt-fault.ts'
import { chooseFaults, type Share } from './choose.ts'
import { faults } from './faults.ts'
import { faultLine, tableHead, toldBroken } from './report.ts'
import { startServers } from './servers.ts'

/** In `npm test` no fault begins after this; those that always belong to it do. */
const testsMs = 75_000

const { values } = parseArgs({
  options: {
    share: { type: 'string', default: 'all' },
    only: { type: 'string', multiple: true, default: [] },
    count: { type: 'string' },
    seed: { type: 'string' },
  },
})
const shares: readonly string[] = ['all', 'short', 'tests']
const undo = new UndoStack()
void stopRequested().then(() => process.exit(130))

let exitCode = 1
try {
  exitCode = (await run()) ? 0 : 1
} catch (error) {
  console.error(`faults: ${(error as Error).message}`)
} finally {
  await undo.run()
}
process.exit(exitCode)

/** Whether everything held. */
async function run(): Promise<boolean> {
  const { share, only, count } = values
  if (!shares.includes(share)) throw new Error(`--share is ${share}, expected ${shares.join(', ')}`)
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
  const choice = { share: share as Share, only, count: count && Number(count), seed }
  const chosen = chooseFaults(faults, { ...choice, count: choice.count || undefined })
  const servers = await startServers(readSettings(process.env), printSteps(process.stdout), undo)
  const isHurried = share === 'tests'
  const results: FaultResult[] = []
  console.log(`\nseed ${seed}\n${tableHead}`)
  const startMs = performance.now()
  for (const { fault, tries } of chosen) {
    const isLate = isHurried && performance.now() - startMs > testsMs
    if (isLate && !fault.inTests?.always) break
    const result = await attemptFault(fault, tries, { seed, servers, isHurried })
    results.push(result)
    console.log(faultLine(result))
    if (result.broken.length > 0) console.error(toldBroken(result, seed))
  }
  const failed = results.filter(({ broken }) => broken.length > 0)
  const operations = results.reduce((sum, result) => sum + result.operations, 0)
  const verdict = failed.length === 0 ? 'all hold' : `${failed.length} do not hold`
  console.log(`\n${results.length} faults, ${operations} operations compared: ${verdict}`)
  return failed.length === 0 && results.length > 0
}
