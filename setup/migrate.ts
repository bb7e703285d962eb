// `npm run migrate [-- --print]`: makes what the config names, or shows how.

import process from 'node:process'
import { parseArgs } from 'node:util'
import type { Config } from '../config/compile-config.ts'
import { loadConfig } from '../config/load.ts'
import type { Settings } from '../config/settings.ts'
import { readSettings } from '../config/settings.ts'
import { LogError } from '../core/log.ts'
import { printMigration } from '../db/migration.ts'
import { migrateAll, migrationPlan } from '../wiring/migrate.ts'
import { provideWantedKafkaClient } from './kafka-client/provide.ts'
import { printSteps } from './steps.ts'

try {
  await run()
} catch (error) {
  console.error(`migrate: ${(error as Error).message}`)
  process.exit(1)
}

async function run(): Promise<void> {
  const printsOnly = asksToPrint(process.argv.slice(2))
  const settings = readSettings(process.env)
  const config = await loadConfig(settings)
  // Standard output is for what was done, or the SQL.
  await provideWantedKafkaClient(settings, printSteps(process.stderr))
  if (printsOnly) {
    process.stdout.write(await print(settings, config))
    return
  }
  const steps = await migrateAll(settings, config)
  for (const { shard, done } of steps) console.log(`shard ${shard}: ${done}`)
  if (steps.length === 0) console.log('nothing to do: all that the config names is there')
}

/** Refuses all else: a flag that is misspelt must not migrate. */
function asksToPrint(args: string[]): boolean {
  try {
    return parseArgs({ args, options: { print: { type: 'boolean' } } }).values.print ?? false
  } catch (cause) {
    const others = args.filter((arg) => arg !== '--print')
    throw new Error(`migrate takes --print only, found ${others.join(' ')}`, { cause })
  }
}

/** The first positions name the log, so that it has to be there before the rest can be shown. */
async function print(settings: Settings, config: Config): Promise<string> {
  try {
    return printMigration(await migrationPlan(settings, config))
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== 'not_migrated') throw error
    throw new Error(
      `${error.message}. --print shows the first positions too, which name the log: so the log comes first, which npm run migrate makes before it asks anything of MySQL`,
      { cause: error },
    )
  }
}
