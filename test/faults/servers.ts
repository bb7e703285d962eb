import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import type { Settings } from '../../config/settings.ts'
import { type KafkaServer, provideKafka } from '../../setup/kafka/provide.ts'
import { provideKafkaClient } from '../../setup/kafka-client/provide.ts'
import { provideMysql } from '../../setup/mysql/provide.ts'
import type { MysqlServer } from '../../setup/mysql/server.ts'
import type { Steps } from '../../setup/steps.ts'
import type { UndoStack } from '../../setup/undo-stack.ts'

/** A MySQL and a Kafka that the faults may kill, and room on disk. */
export interface FaultServers {
  readonly mysql: MysqlServer
  readonly kafka: KafkaServer
  readonly dataDir: string
  /** Of this run alone. */
  readonly folder: string
}

/** Starts both on fresh data; what `undo` does leaves nothing of it. */
export async function startServers(
  { dataDir, maySystemInstall }: Settings,
  steps: Steps,
  undo: UndoStack,
): Promise<FaultServers> {
  const folder = join(dataDir, 'faults', `run-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  undo.push(async () => rmSync(folder, { recursive: true, force: true }))
  const systemPackages = maySystemInstall
  await provideKafkaClient({ dataDir, systemPackages }, steps)
  const mysql = await provideMysql({ dataDir, instance: join(folder, 'mysql') }, steps)
  undo.push(() => mysql.stop())
  const instance = join(folder, 'kafka')
  const kafka = await provideKafka({ dataDir, instance, systemPackages }, steps)
  undo.push(() => kafka.stop())
  // An interrupted run does not come to its own end, and the data is worth nothing any more.
  process.once('exit', () => {
    for (const { pid } of [mysql, kafka]) if (pid !== undefined) process.kill(pid, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  return { mysql, kafka, dataDir, folder }
}
