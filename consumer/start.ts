import type { Config } from '../config/compile-config.ts'
import type { Settings } from '../config/settings.ts'
import type { Log } from '../core/log.ts'
import { createAlerts } from '../runtime/alerts.ts'
import { checksum } from '../runtime/checksum.ts'
import { systemClock } from '../runtime/clock.ts'
import { reportError } from '../runtime/report-error.ts'
import type { Serve } from '../runtime/serve.ts'
import { listen, stopServer, urlOf } from '../runtime/serve.ts'
import { openLog } from '../wiring/open-log.ts'
import type { StartService } from '../wiring/run-process.ts'
import {
  checkShards,
  createStore,
  expectationOf,
  requireAddresses,
  storeSettings,
} from '../wiring/shards.ts'
import { createHealth } from './health.ts'
import type { Worker } from './worker.ts'
import { startWorker } from './worker.ts'

/** How long requests for the worker's health may take once it is to stop. */
const stopGraceMs = 1000

export interface RunningWorker {
  readonly worker: Worker
  readonly log: Log
  /** Finishes the windows under way, leaves the group and closes what was opened. */
  stop(): Promise<void>
}

/** The worker as a process of its own, with its health on SLUICE_WORKER_PORT. */
export function startWorkerService(serve: Serve): StartService {
  return async (settings, config, owner) => {
    const running = await startWorkerProcess(settings, config, owner)
    const { host, workerPort: port } = settings
    const health = createHealth(running.worker, running.log)
    const options = { fetch: (request: Request) => health.fetch(request), host, port }
    const server = await listen(serve, options, 'SLUICE_WORKER_PORT').catch(async (error) => {
      await running.stop()
      throw error
    })
    return {
      started: `worker ${owner} joined; health on ${urlOf(host, server)}`,
      done: running.worker.done,
      async stop() {
        await stopServer(server, systemClock, stopGraceMs)
        await running.stop()
      },
    }
  }
}

/**
 * Starts a worker on the settings' log and shards. Rejects, with what to do, where the log or a shard
 * lacks something. A log that is handed in stays open at the end.
 */
export async function startWorkerProcess(
  settings: Settings,
  config: Config,
  owner: string,
  sharedLog?: Log,
): Promise<RunningWorker> {
  const addresses = requireAddresses(config)
  const log = sharedLog ?? (await openLog(settings, config.shards.count, owner))
  const close = async () => {
    if (!sharedLog) await log.close()
  }
  try {
    const expected = expectationOf(config, settings, log)
    await checkShards(addresses, expected, storeSettings(config), (line) => console.error(line))
    const store = createStore(config, settings)
    const worker = await startWorker({
      log,
      store,
      types: config.types,
      checksum,
      clock: systemClock,
      alerts: createAlerts(settings.alertUrl, (line) => console.error(line)),
      limits: config.worker,
      owner,
      newEpoch: () => crypto.randomUUID(),
      reportError,
      shardLimits: (shard) => config.shards.limits[shard]!,
    })
    return {
      worker,
      log,
      async stop() {
        await worker.stop()
        await store.close()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}
