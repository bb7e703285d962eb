// `npm start`: MySQL, the shards, the API and one worker in one process, on the embedded log unless
// SLUICE_KAFKA_BROKERS names another. Ctrl-C ends all that it started; the next start goes on.

import process from 'node:process'
import { startApi } from '../api/start.ts'
import { loadConfig } from '../config/load.ts'
import { readSettings } from '../config/settings.ts'
import { startWorkerProcess } from '../consumer/start.ts'
import { startTelemetry } from '../otel/setup.ts'
import { currentRuntime } from '../runtime/current-runtime.ts'
import { stopRequested } from '../runtime/stop-signals.ts'
import { mayHoldUpExit } from '../wiring/kafka-client.ts'
import { migrateAll } from '../wiring/migrate.ts'
import { openLog } from '../wiring/open-log.ts'
import { exitAfter, ownerName } from '../wiring/run-process.ts'
import { commandsToPaste } from './first-commands.ts'
import { provideWantedKafkaClient } from './kafka-client/provide.ts'
import { provideMysql } from './mysql/provide.ts'
import { serveHere } from './serve-here.ts'
import { printSteps } from './steps.ts'
import { UndoStack } from './undo-stack.ts'

const stopping = stopRequested()
const undo = new UndoStack()
let isByForce = false
try {
  // Whoever interrupts a download does not wait for its end.
  await Promise.race([start(), stopping])
  await stopping
  console.log('\nstopping: the windows under way are finished first')
  await end(0)
} catch (error) {
  console.error(`\n${(error as Error).message}`)
  await end(1)
}

function end(code: 0 | 1): Promise<never> {
  return exitAfter({ parts: ['api', 'worker'], code, stop: () => undo.run(), isByForce })
}

async function start(): Promise<void> {
  const steps = printSteps(process.stdout)
  const given = readSettings(process.env)
  isByForce = mayHoldUpExit(given)
  const telemetry = await startTelemetry('sluice', given.exportsTelemetry)
  undo.push(() => telemetry.stop())

  await provideWantedKafkaClient(given, steps)
  const mysql = await provideMysql({ dataDir: given.dataDir, url: given.mysqlUrl }, steps)
  undo.push(() => mysql.stop())
  const settings = { ...given, mysqlUrl: mysql.url }
  const config = await loadConfig(settings)

  await steps.step('Shards and log', async (say) => {
    const made = await migrateAll(settings, config)
    say(`${config.shards.count} shards and the log ${made.length > 0 ? 'made' : 'found'}`)
  })
  const owner = ownerName(currentRuntime())
  const log = await openLog(settings, config.shards.count, owner)
  undo.push(() => log.close())
  await steps.step('Worker', async () => {
    const worker = await startWorkerProcess(settings, config, owner, log)
    undo.push(() => worker.stop())
  })
  const api = await steps.step('API', async (say) => {
    const api = await startApi(settings, config, owner, await serveHere(), log)
    undo.push(() => api.stop())
    say(`API listens on ${api.url}`)
    return api
  })
  console.log(commandsToPaste(api.url, given.mysqlUrl === undefined ? mysql.url : undefined))
}
