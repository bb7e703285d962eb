import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { run } from '../command.ts'
import { localProcess } from '../local-process.ts'
import { freePort } from '../port.ts'
import type { Daemon } from '../shared-server.ts'
import { brokersAnswer } from './hello.ts'
import { kafkaVersion } from './jars.ts'
import { type BrokerExtras, serverProperties } from './properties.ts'

const formatLimitMs = 60_000

/** One compiler less: a broker is up after two thirds of the CPU time, and slower at its peak. */
export const quickStart: readonly string[] = ['-XX:TieredStopAtLevel=1']

/** A Kafka broker as a process of ours, on `data` in the folder. */
export function brokerProcess(
  folder: string,
  java: string,
  libs: string,
  jvmOptions: readonly string[],
  extras: BrokerExtras,
): Daemon {
  const properties = resolve(folder, 'server.properties')
  const logDir = resolve(folder, 'data')
  // The properties file's path is the last argument, and no other broker has it.
  const process = localProcess(folder, ` ${properties}`)
  const jvm = (heap: string, options: readonly string[]) => [
    `-Xmx${heap}`,
    ...options,
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-cp',
    join(libs, '*'),
  ]
  return {
    ...process,
    name: `Kafka ${kafkaVersion}`,
    async start(port) {
      writeFileSync(properties, serverProperties(port, await freePort(port), logDir, extras))
      // Formatting writes this file last, so half a formatting is done again.
      if (!existsSync(join(logDir, 'bootstrap.checkpoint'))) {
        const clusterId = `S${randomBytes(16).toString('base64url').slice(1)}`
        const tool = ['kafka.tools.StorageTool', 'format', '--ignore-formatted']
        const users = extras.scramUsers.flatMap((user) => ['--add-scram', user])
        const options = ['-t', clusterId, '-c', properties, ...users]
        const args = [...jvm('128m', quickStart), ...tool, ...options]
        await run(java, args, { limitMs: formatLimitMs })
      }
      await process.start(java, [...jvm('512m', jvmOptions), 'kafka.Kafka', properties])
    },
    answers: (port) => brokersAnswer([`127.0.0.1:${port}`]),
  }
}
