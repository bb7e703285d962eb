// `npm run migrate [-- --print]`: makes what the config names, or shows how.

import process from 'node:process'
import { loadConfig } from '../config/load.ts'
import { readSettings } from '../config/settings.ts'
import { printMigration } from '../db/migration.ts'
import { migrateAll, migrationPlan } from '../wiring/migrate.ts'

try {
  await run()
} catch (error) {
  console.error(`migrate: ${(error as Error).message}`)
  process.exit(1)
}

async function run(): Promise<void> {
  const settings = readSettings(process.env)
  const config = await loadConfig(settings)
  if (process.argv.includes('--print')) {
    process.stdout.write(printMigration(await migrationPlan(settings, config)))
    return
  }
  const steps = await migrateAll(settings, config)
  for (const { shard, done } of steps) console.log(`shard ${shard}: ${done}`)
  if (steps.length === 0) console.log('nothing to do: all that the config names is there')
}
