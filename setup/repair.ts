// `npm run repair -- <command>`: the operator's way out. `--help` tells the commands.

import { hostname, userInfo } from 'node:os'
import process from 'node:process'
import { loadConfig } from '../config/load.ts'
import { readSettings } from '../config/settings.ts'
import { type Asked, parseCommand, UsageError } from '../repair/command.ts'
import { helpText } from '../repair/help.ts'
import { repair } from '../wiring/repair.ts'
import { provideWantedKafkaClient } from './kafka-client/provide.ts'
import { printSteps } from './steps.ts'

// Whoever reads no further (`| head`) must not end a command between two shards.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

try {
  const asked = parseCommand(process.argv.slice(2))
  if ('help' in asked) console.log(helpText(asked.help))
  else await run(asked)
  process.exit(0)
} catch (error) {
  console.error(`repair: ${(error as Error).message}`)
  if (error instanceof UsageError) console.error('See npm run repair -- --help')
  process.exit(1)
}

async function run(asked: Asked): Promise<void> {
  const settings = readSettings(process.env)
  const config = await loadConfig(settings)
  await provideWantedKafkaClient(settings, printSteps(process.stderr))
  const who = asked.who ?? `${userInfo().username}@${hostname()}`
  await repair(settings, config, { ...asked, who }, (line) => console.log(line))
}
