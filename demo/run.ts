// `npm run demo [-- cities]`: a public data set through HTTP into MySQL, a worker killed amid it, then
// every row and every failure compared with a model that applies one operation after the other.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { SingleBar } from 'cli-progress'
import { loadConfig } from '../config/load.ts'
import { readSettings } from '../config/settings.ts'
import { provideMysql } from '../setup/mysql/provide.ts'
import { printSteps } from '../setup/steps.ts'
import { UndoStack } from '../setup/undo-stack.ts'
import { migrateAll } from '../wiring/migrate.ts'
import { requireAddresses } from '../wiring/shards.ts'
import { readCities } from './cities.ts'
import { DemoClient } from './client.ts'
import { compare, describeDifferences } from './compare.ts'
import { DemoModel } from './model.ts'
import { demoPhases } from './script.ts'
import { DemoSender } from './sender.ts'
import { DemoServers } from './servers.ts'
import { ShardWatch } from './shard-watch.ts'

const most = Number(process.argv[2] ?? Infinity)
const steps = printSteps(process.stdout)
const undo = new UndoStack()
let exitCode = 1
try {
  exitCode = (await demo()) ? 0 : 1
} finally {
  await undo.run()
}
process.exit(exitCode)

async function demo(): Promise<boolean> {
  const given = readSettings(process.env)
  // Data of its own, made anew: what `npm start` keeps stays as it is.
  const dataDir = join(given.dataDir, 'demo')
  await rm(dataDir, { recursive: true, force: true })
  const mysql = await provideMysql(
    { dataDir: given.dataDir, url: given.mysqlUrl, instance: join(dataDir, 'mysql') },
    steps,
  )
  undo.push(() => mysql.stop())
  const settings = { ...given, dataDir, mysqlUrl: mysql.url, kafka: undefined }
  const config = await loadConfig(settings)
  await steps.step('Shards and log', () => migrateAll(settings, config))

  const servers = new DemoServers({
    ...process.env,
    SLUICE_MYSQL_URL: mysql.url,
    SLUICE_DATA_DIR: dataDir,
    SLUICE_PORT: '0',
  })
  undo.push(() => servers.stop())
  const client = new DemoClient(await steps.step('API and worker', () => servers.start()))
  const data = readCities(most)
  const model = new DemoModel()
  const watch = new ShardWatch(client)
  undo.push(() => watch.stop())

  const startMs = performance.now()
  const sender = new DemoSender(client, model)
  for (const phase of demoPhases(data)) {
    await steps.step(phase.name, async (say) => {
      const before = model.operations
      await sender.send(phase.operations, async (requests) => {
        // Amid the largest phase, without a word to the worker.
        if (phase.name !== 'create pins' || requests !== 40) return
        await servers.killWorker()
        servers.startWorker()
        steps.note('the worker was killed with -9 and started again')
      })
      say(`${phase.name}: ${model.operations - before} operations accepted`)
    })
  }
  await steps.step('Invalid requests are refused whole', () => sender.sendInvalid())
  await drain(client, sender)
  const seconds = (performance.now() - startMs) / 1000

  const urls = requireAddresses(config).map(({ url }) => url)
  const result = await steps.step('Every row and failure compared', () =>
    compare(urls, model, client, sender.jobs),
  )
  console.log(`
${model.operations} operations in ${sender.jobs.length} requests, ${seconds.toFixed(1)} s, ${Math.round(model.operations / seconds)} operations/s
${result.rows} rows in the shards, ${result.failures} operations failed as the model says
${watch.describe()}`)
  if (result.differences.length === 0) {
    console.log('\nno differences: every row, every failure as expected')
    return true
  }
  console.error(
    `\n${result.differences.length} differences:\n${describeDifferences(result.differences)}`,
  )
  return false
}

async function drain(client: DemoClient, sender: DemoSender): Promise<void> {
  const bar = new SingleBar({
    format: '  settling {bar} {value}/{total} operations',
    hideCursor: true,
  })
  const total = sender.operations
  if (process.stdout.isTTY) bar.start(total, 0)
  await client.awaitJobs(sender.jobs, (pending) => bar.update(total - pending))
  bar.stop()
}
