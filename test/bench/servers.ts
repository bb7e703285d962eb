import { join } from 'node:path'
import type { Settings } from '../../config/settings.ts'
import { provideKafka } from '../../setup/kafka/provide.ts'
import { provideKafkaClient } from '../../setup/kafka-client/provide.ts'
import { provideMysql } from '../../setup/mysql/provide.ts'
import type { Steps } from '../../setup/steps.ts'

/** A MySQL and a Kafka of the benchmarks' own. */
export interface BenchServers {
  readonly mysqlUrl: string
  readonly brokers: readonly string[]
  /** Of servers of ours: what their CPU time is read by. */
  readonly pids: { readonly mysql: number | undefined; readonly kafka: number | undefined }
  /** Where their data is, and room for more. */
  readonly folder: string
  stop(): Promise<void>
}

export async function startBenchServers(settings: Settings, steps: Steps): Promise<BenchServers> {
  const { dataDir, mysqlUrl, kafka: given, maySystemInstall } = settings
  const folder = join(dataDir, 'bench')
  await provideKafkaClient({ dataDir, systemPackages: maySystemInstall }, steps)
  const mysql = await provideMysql(
    { dataDir, url: mysqlUrl, instance: join(folder, 'mysql') },
    steps,
  )
  const kafka = await provideKafka(
    {
      dataDir,
      brokers: given?.brokers,
      instance: join(folder, 'kafka'),
      systemPackages: maySystemInstall,
      // As in production: with all of the JVM's compilers.
      jvmOptions: [],
    },
    steps,
  )
  return {
    mysqlUrl: mysql.url,
    brokers: kafka.brokers,
    pids: { mysql: mysql.pid, kafka: kafka.pid },
    folder,
    stop: async () => {
      await Promise.all([mysql.stop(), kafka.stop()])
    },
  }
}
