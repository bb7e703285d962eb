import { join } from 'node:path'
import process from 'node:process'
import type { RowDataPacket } from 'mysql2/promise'
import { createConnection } from 'mysql2/promise'
import { loadConfig } from '../../config/load.ts'
import { readSettings } from '../../config/settings.ts'
import { systemClock } from '../../runtime/clock.ts'
import { migrateAll } from '../../wiring/migrate.ts'
import { fillLog } from './fill-log.ts'
import type { BenchServers } from './servers.ts'
import { dropDatabase } from './shard-database.ts'
import { startBenchWorker } from './worker-process.ts'
import { upserts } from './workloads/upserts.ts'

export interface RateResult {
  readonly limit: number
  /** Statements per second that MySQL counted. */
  readonly held: number
  readonly ratio: number
  /** Within 1 %, or within one window over the time measured. */
  readonly isHeld: boolean
}

const maxWindowStatements = 8

/** Holds one shard at a limit for a time, and has MySQL count the statements. */
export async function benchRate(
  servers: BenchServers,
  limit: number,
  seconds: number,
): Promise<RateResult> {
  const environment = {
    SLUICE_CONFIG: 'test/bench/rate.config.ts',
    SLUICE_MYSQL_URL: servers.mysqlUrl,
    SLUICE_KAFKA_BROKERS: servers.brokers.join(','),
    SLUICE_TOPIC_PREFIX: `rate${process.pid}-${limit}`,
    SLUICE_STATEMENTS_PER_SECOND: String(limit),
    SLUICE_DATA_DIR: join(servers.folder, 'data'),
  }
  const settings = readSettings(environment)
  const config = await loadConfig(settings)
  await dropDatabase(servers.mysqlUrl, 'sluice_rate')
  await migrateAll(settings, config)
  // Enough for the time measured and for what runs before and after it.
  await fillLog(settings, config, upserts, limit * (seconds + 20))

  const worker = startBenchWorker('node', ['test/bench/drain-worker.ts', 'Infinity'], environment)
  const counter = await createConnection({ uri: servers.mysqlUrl })
  try {
    const first = await statements(counter)
    while ((await statements(counter)) < first + 2 * maxWindowStatements) {
      await systemClock.sleep(20)
    }
    const startMs = performance.now()
    const before = await statements(counter)
    await systemClock.sleep(seconds * 1000)
    const after = await statements(counter)
    const measuredSeconds = (performance.now() - startMs) / 1000
    const held = (after - before) / measuredSeconds
    const tolerance = Math.max(limit * 0.01, maxWindowStatements / measuredSeconds)
    return { limit, held, ratio: held / limit, isHeld: Math.abs(held - limit) <= tolerance }
  } finally {
    await counter.end()
    await worker.stop()
  }
}

/** What INSERT statements the server ran so far; only the worker runs any. */
async function statements(connection: Awaited<ReturnType<typeof createConnection>>) {
  const [rows] = await connection.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Com_insert'")
  return Number(rows[0]!.Value)
}
