import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config/compile-config.ts'
import type { Settings } from '../config/settings.ts'
import type { Log } from '../core/log.ts'
import packageJson from '../package.json' with { type: 'json' }
import { checksum } from '../runtime/checksum.ts'
import { systemClock } from '../runtime/clock.ts'
import { newDigest } from '../runtime/digest.ts'
import { reportError } from '../runtime/report-error.ts'
import type { Serve } from '../runtime/serve.ts'
import { listen, stopServer, urlOf } from '../runtime/serve.ts'
import { logSystem, openLog } from '../wiring/open-log.ts'
import type { StartService } from '../wiring/run-process.ts'
import { createJobStore } from '../wiring/shards.ts'
import { createApp } from './app.ts'
import type { ApiKey } from './auth.ts'
import { authenticateBy, isLoopback, parseApiKeys } from './auth.ts'
import { readOrMakeReceiptKeys, readReceiptKeys } from './receipt-keys.ts'
import type { Receipts } from './receipts.ts'
import { createReceipts } from './receipts.ts'
import { clearSpool } from './spool.ts'

/** The API as a process of its own. */
export function startApiService(serve: Serve): StartService {
  return async (settings, config, owner) => {
    const api = await startApi(settings, config, owner, serve)
    return { started: `API listens on ${api.url}`, stop: () => api.stop() }
  }
}

export interface RunningApi {
  /** Where it listens: `http://127.0.0.1:8080`. */
  readonly url: string
  /** Answers the requests under way, then closes what was opened. */
  stop(): Promise<void>
}

/** How long requests under way may take once the API is to stop. */
const stopGraceMs = 10_000

/**
 * Starts an API on the settings' log. It asks nothing of the shards until somebody asks for a job.
 * Rejects, with what to do, where the log or a file lacks something. A log that is handed in stays
 * open at the end.
 */
export async function startApi(
  settings: Settings,
  config: Config,
  owner: string,
  serve: Serve,
  sharedLog?: Log,
): Promise<RunningApi> {
  const keys = await readApiKeys(settings)
  requireKeysOrLoopback(keys, settings.host)
  const receipts = await openReceipts(settings)
  const log = sharedLog ?? (await openLog(settings, config.shards.count, owner))
  const jobs = createJobStore(config, log)
  const spoolFolder = join(settings.dataDir, 'spool')
  await clearSpool(spoolFolder)
  const close = async () => {
    await jobs?.close()
    if (!sharedLog) await log.close()
  }
  try {
    const app = createApp({
      types: config.types,
      log,
      logSystem: logSystem(settings),
      ...(jobs && { jobs }),
      receipts,
      authenticate: authenticateBy(keys),
      clock: systemClock,
      checksum,
      newDigest,
      newJobId: () => crypto.randomUUID(),
      spoolFolder,
      limits: config.api,
      messageLimits: config.messages,
      version: packageJson.version,
      reportError,
    })
    const { host, port } = settings
    const options = { fetch: (request: Request) => app.fetch(request), host, port }
    const server = await listen(serve, options, 'SLUICE_PORT')
    return {
      url: urlOf(host, server),
      async stop() {
        await stopServer(server, systemClock, stopGraceMs)
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function readApiKeys({ apiKeysFile }: Settings): Promise<ApiKey[] | undefined> {
  if (apiKeysFile === undefined) return undefined
  try {
    return parseApiKeys(await readFile(apiKeysFile, 'utf8'))
  } catch (error) {
    throw new Error(`SLUICE_API_KEYS is ${apiKeysFile}: ${(error as Error).message}`)
  }
}

function requireKeysOrLoopback(keys: readonly ApiKey[] | undefined, host: string): void {
  if (keys || isLoopback(host)) return
  throw new Error(
    `SLUICE_HOST is ${host}, which other machines may reach, and no SLUICE_API_KEYS are set: anybody could write. Set them, or listen on 127.0.0.1`,
  )
}

/** Signs with the keys that are set, else with one that is made in the data folder. */
async function openReceipts({ receiptKeysFile, dataDir }: Settings): Promise<Receipts> {
  const made = join(dataDir, 'receipt-keys.json')
  try {
    const isMade = receiptKeysFile === undefined
    const keys = isMade ? await readOrMakeReceiptKeys(made) : await readReceiptKeys(receiptKeysFile)
    return await createReceipts(keys)
  } catch (error) {
    const where = receiptKeysFile ? `SLUICE_RECEIPT_KEYS is ${receiptKeysFile}` : made
    throw new Error(`${where}: ${(error as Error).message}`)
  }
}
