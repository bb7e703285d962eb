import { hostname } from 'node:os'
import process from 'node:process'
import type { Config } from '../config/compile-config.ts'
import { loadConfig } from '../config/load.ts'
import type { Settings } from '../config/settings.ts'
import { readSettings } from '../config/settings.ts'
import { startTelemetry } from '../otel/setup.ts'
import { systemClock } from '../runtime/clock.ts'
import type { Runtime } from '../runtime/current-runtime.ts'
import { stopRequested } from '../runtime/stop-signals.ts'
import { mayHoldUpExit } from './kafka-client.ts'

export interface RunningService {
  /** What to tell once it runs: where it listens, what it does. */
  readonly started: string
  /** Settles if it ends by itself. */
  readonly done?: Promise<void>
  stop(): Promise<void>
}

/** What a service is started with; `owner` names the process for people: host, process id, runtime. */
export type StartService = (
  settings: Settings,
  config: Config,
  owner: string,
) => Promise<RunningService>

/** Below the 30 s after which Kubernetes, among others, kills what it asked to stop. */
const stopLimitMs = 25_000

/** What a part that can't come to its end leaves, for those who wait for it. */
const leftBehind = {
  api: 'requests under way were not answered; whether they were written is unknown, and they are safe to send again under their Idempotency-Key',
  worker: 'windows under way are undone, and done again by whoever goes on',
} as const

type Part = keyof typeof leftBehind

/** A process from its start to its graceful end. What keeps it from starting is told in a line. */
export async function runProcess(name: Part, runtime: Runtime, start: StartService): Promise<void> {
  const stopping = stopRequested()
  try {
    const settings = readSettings(process.env)
    const telemetry = await startTelemetry(`sluice-${name}`, settings.exportsTelemetry)
    const config = await loadConfig(settings)
    const service = await start(settings, config, ownerName(runtime))
    console.log(service.started)
    await Promise.race([stopping, ...(service.done ? [service.done] : [])])
    console.log(`${name} stops: what is under way is finished first`)
    const stop = async () => {
      await service.stop()
      await telemetry.stop()
    }
    await exitAfter({ parts: [name], code: 0, stop, isByForce: mayHoldUpExit(settings) })
  } catch (error) {
    console.error(`${name}: ${(error as Error).message}`)
    process.exit(1)
  }
}

export interface Ending {
  readonly parts: readonly Part[]
  readonly code: 0 | 1
  stop(): Promise<void>
  /** Whether only a SIGKILL surely ends the process where stopping takes too long. */
  readonly isByForce: boolean
}

/** Ends the process once its parts are stopped; with code 1, or by force, where that takes too long. */
export async function exitAfter({ parts, code, stop, isByForce }: Ending): Promise<never> {
  if (await isDoneWithin(stopLimitMs, stop())) process.exit(code)
  const left = parts.map((part) => leftBehind[part]).join('; ')
  console.error(
    `${parts.join(' and ')}: not finished within ${stopLimitMs / 1000} s, and ended now: ${left}`,
  )
  if (isByForce) process.kill(process.pid, 'SIGKILL')
  process.exit(1)
}

async function isDoneWithin(limitMs: number, work: Promise<void>): Promise<boolean> {
  const limit = systemClock.sleep(limitMs).then(() => false)
  return Promise.race([work.then(() => true), limit])
}

export function ownerName(runtime: Runtime): string {
  return `${hostname()}/${process.pid}/${runtime}`
}
