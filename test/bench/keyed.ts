import { rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { loadConfig } from '../../config/load.ts'
import { readSettings } from '../../config/settings.ts'
import type { Steps } from '../../setup/steps.ts'
import { migrateAll } from '../../wiring/migrate.ts'
import { requireAddresses } from '../../wiring/shards.ts'
import type { DrainFigures } from './drain-worker.ts'
import { fillLog } from './fill-log.ts'
import { median } from './median.ts'
import type { BenchServers } from './servers.ts'
import { contentOf, dropDatabase, rewind } from './shard-database.ts'
import { thousands } from './thousands.ts'
import { startBenchWorker } from './worker-process.ts'
import { upserts } from './workloads/upserts.ts'

/** A backfill's upload, a service's batches, and many small calls. */
const requestOperations = [10_000, 100, 10]
const rounds = 3

/** What an Idempotency-Key costs: the same rows with and without one, in turns, then once more. */
export async function printKeyed(
  servers: BenchServers,
  steps: Steps,
  operations: number,
  names: readonly string[],
): Promise<void> {
  for (const each of requestOperations) {
    const name = `keyed requests of ${thousands(each)} operations`
    if (names.length > 0 && !names.some((wanted) => name.includes(wanted))) continue
    const title = `${name}, ${thousands(operations)} upserts, medians of ${rounds}`
    const { unkeyed, keyed, ratio, again } = await steps.step(title, () =>
      benchKeyed(servers, operations, each),
    )
    console.log(
      `  without keys ${thousands(unkeyed)}/s, with keys ${thousands(keyed)}/s: ${ratio.toFixed(2)} of it; all sent again ${thousands(again)}/s`,
    )
  }
}

async function benchKeyed(servers: BenchServers, operations: number, each: number) {
  const prefix = `bench${process.pid}-${crypto.randomUUID().slice(0, 8)}`
  const environment = {
    SLUICE_CONFIG: 'test/bench/bench.config.ts',
    SLUICE_SHARDS: '1',
    SLUICE_MYSQL_URL: servers.mysqlUrl,
    SLUICE_TOPIC_PREFIX: prefix,
    SLUICE_DATA_DIR: join(servers.folder, prefix),
    SLUICE_KAFKA_BROKERS: servers.brokers.join(','),
  }
  const settings = readSettings(environment)
  const config = await loadConfig(settings)
  const { url } = requireAddresses(config)[0]!
  await dropDatabase(servers.mysqlUrl, 'sluice_bench_0')
  await migrateAll(settings, config)
  const fill = async (keyed: boolean) => {
    const ends = await fillLog(settings, config, upserts, operations, { operations: each, keyed })
    return ends[0]!
  }
  const unkeyedEnd = await fill(false)
  const keyedEnd = await fill(true)
  const againEnd = await fill(true)
  const drain = async (end: number) => {
    const script = ['test/bench/drain-worker.ts', String(end)]
    const { seconds } = await startBenchWorker('node', script, environment).result<DrainFigures>()
    return seconds
  }

  const seconds: Record<'unkeyed' | 'keyed' | 'again', number>[] = []
  for (let round = 0; round < rounds; round++) {
    await rewind(url, upserts.tables, [])
    const unkeyed = await drain(unkeyedEnd)
    const expected = await contentOf(url, upserts.tables)
    await rewind(url, upserts.tables, [], unkeyedEnd)
    const keyed = await drain(keyedEnd)
    const again = await drain(againEnd)
    if ((await contentOf(url, upserts.tables)) !== expected) {
      throw new Error('requests with keys left other rows than those without')
    }
    seconds.push({ unkeyed, keyed, again })
  }
  rmSync(environment.SLUICE_DATA_DIR, { recursive: true, force: true })
  const rate = (of: keyof (typeof seconds)[number]) =>
    operations / median(seconds.map((round) => round[of]))
  return {
    ...{ unkeyed: rate('unkeyed'), keyed: rate('keyed'), again: rate('again') },
    ratio: median(seconds.map(({ unkeyed, keyed }) => unkeyed / keyed)),
  }
}
