import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { readSettings } from '../../config/settings.ts'
import { acquireSqliteLock } from '../../log/sqlite-lock.ts'
import { provideKafka } from '../../setup/kafka/provide.ts'
import { provideKafkaClient } from '../../setup/kafka-client/provide.ts'
import { provideMysql } from '../../setup/mysql/provide.ts'
import { printSteps, quietly, type Steps } from '../../setup/steps.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A MySQL for this run, with an account that may do anything, without a database. */
    mysqlUrl: string
    /** A Kafka of one node for this run, `host:port`. */
    kafkaBrokers: string[]
    /** Where tests that start servers of their own find the programs. */
    dataDir: string
  }
}

const { dataDir, mysqlUrl, kafka: givenKafka, maySystemInstall } = readSettings(process.env)

/**
 * One MySQL and one Kafka for the whole run, on data that no run before has touched, and the Kafka
 * client that Node uses.
 */
export default async function servers(project: TestProject) {
  const folder = await ownFolder()
  const { mysql, kafka } = await start(folder.path, printSteps(process.stderr)).catch((error) => {
    rmSync(folder.path, { recursive: true, force: true })
    throw error
  })

  // An interrupted run ends without its teardown, and only what is synchronous is still done then.
  // The data is worth nothing any more, so the servers need not write it out.
  const endNow = () => {
    for (const { pid } of [mysql, kafka]) if (pid !== undefined) process.kill(pid, 'SIGKILL')
    rmSync(folder.path, { recursive: true, force: true })
  }
  process.once('exit', endNow)
  project.provide('mysqlUrl', mysql.url)
  project.provide('kafkaBrokers', [...kafka.brokers])
  project.provide('dataDir', dataDir)

  return async () => {
    process.off('exit', endNow)
    await Promise.all([mysql.stop(), kafka.stop()])
    rmSync(folder.path, { recursive: true, force: true })
    folder.free()
  }
}

async function start(folder: string, steps: Steps) {
  const instance = (server: string) => join(folder, server)
  const starting = [
    provideMysql({ dataDir, url: mysqlUrl, instance: instance('mysql') }, steps),
    provideKafka(
      {
        dataDir,
        brokers: givenKafka?.brokers,
        instance: instance('kafka'),
        systemPackages: maySystemInstall,
      },
      steps,
    ),
    provideKafkaClient({ dataDir, systemPackages: maySystemInstall }, steps),
  ] as const
  try {
    const [mysql, kafka] = await Promise.all(starting)
    return { mysql, kafka }
  } catch (error) {
    // One without the other is of no use, and nobody else would stop it.
    for (const one of await Promise.allSettled(starting)) {
      if (one.status === 'fulfilled') await one.value?.stop()
    }
    throw error
  }
}

/** A folder that no other run uses, empty; servers that a killed run left in it are stopped. */
async function ownFolder(): Promise<{ path: string; free(): void }> {
  mkdirSync(join(dataDir, 'test'), { recursive: true })
  for (let slot = 1; ; slot++) {
    const path = join(dataDir, 'test', `run-${slot}`)
    const lock = acquireSqliteLock(`${path}.lock`)
    if (lock === undefined) continue
    if (existsSync(path)) {
      const { mysql, kafka } = await start(path, quietly)
      await Promise.all([mysql.stop(), kafka.stop()])
      rmSync(path, { recursive: true, force: true })
    }
    mkdirSync(path, { recursive: true })
    return { path, free: lock.release }
  }
}
