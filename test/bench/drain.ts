import { rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { loadConfig } from '../../config/load.ts'
import { readSettings } from '../../config/settings.ts'
import { migrateAll } from '../../wiring/migrate.ts'
import { requireAddresses } from '../../wiring/shards.ts'
import type { DrainFigures } from './drain-worker.ts'
import { fillLog } from './fill-log.ts'
import { median } from './median.ts'
import { runPrebuilt } from './prebuilt.ts'
import type { BenchServers } from './servers.ts'
import { contentOf, dropDatabase, rewind } from './shard-database.ts'
import type { BenchRuntime } from './worker-process.ts'
import { startBenchWorker } from './worker-process.ts'
import type { Workload } from './workload.ts'

export interface DrainOptions {
  readonly workload: Workload
  readonly operationsPerShard: number
  readonly shards: number
  readonly log: 'kafka' | 'embedded'
  readonly rounds: number
  readonly runtime: BenchRuntime
}

export interface DrainResult {
  /** Operations per second of the pre-built statements, one connection a shard, and of the drain. */
  readonly ceiling: number
  readonly drain: number
  /** Median of the rounds' ratios. */
  readonly ratio: number
  readonly cpuSecondsPerMillion: number
  readonly peakMebibytes: number
  /** How memory grew over the later three quarters, in mebibytes per million operations. */
  readonly mebibytesPerMillion: number
}

/** Drains a full log, beside the same work as pre-built statements, in turns. */
export async function benchDrain(
  servers: BenchServers,
  { workload, operationsPerShard, shards, log, rounds, runtime }: DrainOptions,
): Promise<DrainResult> {
  const prefix = `bench${process.pid}-${crypto.randomUUID().slice(0, 8)}`
  const dataDir = join(servers.folder, prefix)
  const environment = {
    SLUICE_CONFIG: 'test/bench/bench.config.ts',
    SLUICE_SHARDS: String(shards),
    SLUICE_MYSQL_URL: servers.mysqlUrl,
    SLUICE_TOPIC_PREFIX: prefix,
    SLUICE_DATA_DIR: dataDir,
    ...(log === 'kafka' && { SLUICE_KAFKA_BROKERS: servers.brokers.join(',') }),
  }
  const settings = readSettings(environment)
  const config = await loadConfig(settings)
  const addresses = requireAddresses(config)
  for (const { shard } of addresses) await dropDatabase(servers.mysqlUrl, `sluice_bench_${shard}`)
  await migrateAll(settings, config)
  const ends = await fillLog(settings, config, workload, operationsPerShard)

  const onEach = <T>(work: (url: string, shard: number) => Promise<T>) =>
    Promise.all(addresses.map(({ url, shard }) => work(url, shard)))
  const rewindAll = () =>
    onEach((url, shard) =>
      rewind(url, workload.tables, seedOf(workload, operationsPerShard, shard)),
    )
  const contents = () => onEach((url) => contentOf(url, workload.tables))

  const seconds: number[] = []
  const figures: DrainFigures[] = []
  for (let round = 0; round < rounds; round++) {
    await rewindAll()
    const urls = addresses.map(({ url }) => url)
    seconds.push(await runPrebuilt(urls, workload, operationsPerShard))
    const expected = await contents()
    await rewindAll()
    const script = ['test/bench/drain-worker.ts', ...ends.map(String)]
    figures.push(await startBenchWorker(runtime, script, environment).result<DrainFigures>())
    const found = await contents()
    if (found.join() !== expected.join()) {
      throw new Error(`${workload.name}: the drain left other rows than the pre-built statements`)
    }
  }
  rmSync(dataDir, { recursive: true, force: true })
  const operations = operationsPerShard * shards
  return {
    ceiling: operations / median(seconds),
    drain: operations / median(figures.map((figure) => figure.seconds)),
    ratio: median(figures.map((figure, round) => seconds[round]! / figure.seconds)),
    cpuSecondsPerMillion: (median(figures.map(({ cpuSeconds }) => cpuSeconds)) * 1e6) / operations,
    peakMebibytes: median(figures.map(({ peakMebibytes }) => peakMebibytes)),
    mebibytesPerMillion: (median(figures.map(slope)) * 1e6) / operations,
  }
}

function* seedOf({ seed, batch }: Workload, operations: number, shard: number): Generator<string> {
  if (!seed) return
  for (let i = 0; i < operations; i += batch) yield* seed(i, Math.min(operations, i + batch), shard)
}

/** Mebibytes per whole drain, as the least squares of what was sampled after the first quarter. */
function slope({ memory }: DrainFigures): number {
  const late = memory.filter(([done]) => done > 0.25)
  if (late.length === 0) return 0
  const mean = (of: (sample: readonly [number, number]) => number) =>
    late.reduce((sum, sample) => sum + of(sample), 0) / late.length
  const [x, y] = [mean(([done]) => done), mean(([, mebibytes]) => mebibytes)]
  const spread = mean(([done]) => (done - x) ** 2)
  return spread === 0 ? 0 : mean(([done, mebibytes]) => (done - x) * (mebibytes - y)) / spread
}
