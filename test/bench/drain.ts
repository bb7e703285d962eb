import { join } from 'node:path'
import process from 'node:process'
import { loadConfig } from '../../config/load.ts'
import { readSettings } from '../../config/settings.ts'
import { migrateAll } from '../../wiring/migrate.ts'
import { requireAddresses } from '../../wiring/shards.ts'
import { demandRows, dropDatabase, rewind } from './bench-database.ts'
import { runReference } from './drain-reference.ts'
import type { DrainFigures } from './drain-worker.ts'
import { fillPartition } from './fill-partition.ts'
import { median } from './median.ts'
import type { BenchServers } from './servers.ts'
import type { BenchRuntime } from './worker-process.ts'
import { startBenchWorker } from './worker-process.ts'

export interface DrainResult {
  readonly rows: number
  /** Rows per second of MySQL's one-connection ceiling, and of the drain; medians. */
  readonly ceiling: number
  readonly drain: number
  /** Median of the rounds' ratios. */
  readonly ratio: number
  readonly cpuSecondsPerMillion: number
  readonly peakMebibytes: number
}

const rounds = 3

/** Drains a full partition into one shard, beside the same rows as pre-built upserts, in turns. */
export async function benchDrain(
  servers: BenchServers,
  rows: number,
  runtime: BenchRuntime = 'node',
): Promise<DrainResult> {
  const environment = {
    SLUICE_CONFIG: 'test/bench/drain.config.ts',
    SLUICE_MYSQL_URL: servers.mysqlUrl,
    SLUICE_KAFKA_BROKERS: servers.brokers.join(','),
    SLUICE_TOPIC_PREFIX: `bench${process.pid}`,
    SLUICE_DATA_DIR: join(servers.folder, 'data'),
  }
  const settings = readSettings(environment)
  const config = await loadConfig(settings)
  const [address] = requireAddresses(config)
  await dropDatabase(servers.mysqlUrl, 'sluice_bench')
  await migrateAll(settings, config)
  const end = await fillPartition(settings, config, rows)

  const seconds: number[] = []
  const figures: DrainFigures[] = []
  for (let round = 0; round < rounds; round++) {
    await rewind(address!.url)
    seconds.push(await runReference(address!.url, rows))
    await rewind(address!.url)
    const worker = startBenchWorker(
      runtime,
      ['test/bench/drain-worker.ts', String(end)],
      environment,
    )
    figures.push(await worker.result<DrainFigures>())
    await demandRows(address!.url, rows)
  }
  return {
    rows,
    ceiling: rows / median(seconds),
    drain: rows / median(figures.map((figure) => figure.seconds)),
    ratio: median(figures.map((figure, round) => seconds[round]! / figure.seconds)),
    cpuSecondsPerMillion: (median(figures.map(({ cpuSeconds }) => cpuSeconds)) * 1e6) / rows,
    peakMebibytes: median(figures.map(({ peakMebibytes }) => peakMebibytes)),
  }
}
