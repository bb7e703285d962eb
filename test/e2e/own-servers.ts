import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, inject } from 'vitest'
import { type KafkaServer, provideKafka } from '../../setup/kafka/provide.ts'
import { provideMysql } from '../../setup/mysql/provide.ts'
import type { MysqlServer } from '../../setup/mysql/server.ts'

// Servers that a test file may kill: others' tests go on with the ones of the whole run.

const startLimitMs = 60_000

/** A MySQL of this file alone; the result is there once its tests run. */
export function ownMysql(...options: readonly string[]): () => MysqlServer {
  return ownServer('mysql', (dataDir, instance) => provideMysql({ dataDir, instance, options }))
}

/** A Kafka of this file alone; the result is there once its tests run. */
export function ownKafka(): () => KafkaServer {
  return ownServer('kafka', (dataDir, instance) => provideKafka({ dataDir, instance }))
}

function ownServer<Server extends { stop(): Promise<void> }>(
  name: string,
  provide: (dataDir: string, instance: string) => Promise<Server>,
): () => Server {
  let server: Server | undefined
  let folder = ''
  beforeAll(async () => {
    const dataDir = inject('dataDir')
    mkdirSync(join(dataDir, 'test'), { recursive: true })
    folder = mkdtempSync(join(dataDir, 'test', `e2e-${name}-`))
    server = await provide(dataDir, folder)
  }, startLimitMs)
  afterAll(async () => {
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  }, startLimitMs)
  return () => server!
}
