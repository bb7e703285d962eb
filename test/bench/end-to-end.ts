import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { loadConfig } from '../../config/load.ts'
import { readSettings } from '../../config/settings.ts'
import type { Steps } from '../../setup/steps.ts'
import { migrateAll } from '../../wiring/migrate.ts'
import { commandOf, type Service } from '../e2e/commands.ts'
import { ServiceProcess } from '../e2e/service-process.ts'
import { cpuSecondsOf } from './cpu-seconds.ts'
import type { BenchServers } from './servers.ts'
import { dropDatabase } from './shard-database.ts'
import { thousands } from './thousands.ts'
import type { BenchRuntime } from './worker-process.ts'
import { upserts } from './workloads/upserts.ts'

const shards = 2
const operationsPerRequest = 5000
/** Requests under way at one time. */
const clients = 4
const pollMs = 50

/** HTTP, log and MySQL together on this machine: how fast, and which process works how much. */
export async function printEndToEnd(
  servers: BenchServers,
  steps: Steps,
  operations: number,
): Promise<void> {
  const pairs = [
    { api: 'node', worker: 'node' },
    { api: 'deno', worker: 'bun' },
  ] as const
  for (const log of ['kafka', 'embedded'] as const) {
    for (const runtimes of pairs) {
      // The embedded log serves one process: npm start has both in it.
      if (log === 'embedded' && runtimes.api !== 'node') continue
      const what =
        log === 'kafka'
          ? `API on ${runtimes.api}, worker on ${runtimes.worker}`
          : 'one process on node'
      await steps.step(
        `end to end, ${log}: ${thousands(operations)} upserts, ${what}`,
        async () => {
          const run = new EndToEnd(servers, log)
          try {
            console.log(await run.measure(runtimes, operations))
          } finally {
            await run.stop()
          }
        },
      )
    }
  }
}

interface Receipt {
  readonly receipt: string
}

class EndToEnd {
  readonly #servers: BenchServers
  readonly #environment: Record<string, string>
  readonly #dataDir: string
  readonly #processes = new Map<string, ServiceProcess>()

  constructor(servers: BenchServers, log: 'kafka' | 'embedded') {
    this.#servers = servers
    const prefix = `bench${process.pid}-${crypto.randomUUID().slice(0, 8)}`
    this.#dataDir = resolve(servers.folder, prefix)
    this.#environment = {
      PATH: process.env.PATH ?? '',
      SLUICE_CONFIG: resolve('test/bench/bench.config.ts'),
      SLUICE_SHARDS: String(shards),
      SLUICE_PORT: '0',
      SLUICE_MYSQL_URL: servers.mysqlUrl,
      SLUICE_TOPIC_PREFIX: prefix,
      SLUICE_DATA_DIR: this.#dataDir,
      ...(log === 'kafka' && { SLUICE_KAFKA_BROKERS: servers.brokers.join(',') }),
    }
  }

  async measure(
    runtimes: { readonly api: BenchRuntime; readonly worker: BenchRuntime },
    operations: number,
  ): Promise<string> {
    const settings = readSettings(this.#environment)
    for (let shard = 0; shard < shards; shard++) {
      await dropDatabase(this.#servers.mysqlUrl, `sluice_bench_${shard}`)
    }
    await migrateAll(settings, await loadConfig(settings))
    const url = await this.#start(runtimes, settings.kafka === undefined)
    const bodies = Array.from({ length: Math.ceil(operations / operationsPerRequest) }, (_, n) =>
      bodyOf(n),
    )
    const before = this.#cpuSeconds()
    const startMs = performance.now()
    const receipts = await post(url, bodies)
    const acceptedSeconds = (performance.now() - startMs) / 1000
    await allApplied(url, receipts.slice(-2 * clients))
    const seconds = (performance.now() - startMs) / 1000
    const after = this.#cpuSeconds()
    const sent = bodies.length * operationsPerRequest
    const parts = [...after].map(([name, cpu]) => {
      const used = cpu === undefined ? undefined : cpu - (before.get(name) ?? 0)
      return `${name} ${used === undefined ? '-' : ((used * 1e6) / sent).toFixed(1)}`
    })
    return `  ${thousands(sent / seconds)} operations/s applied, ${thousands(sent / acceptedSeconds)} operations/s accepted
  CPU seconds per million operations: ${parts.join(', ')}`
  }

  async #start(
    runtimes: { readonly api: BenchRuntime; readonly worker: BenchRuntime },
    inOne: boolean,
  ): Promise<string> {
    const start = (name: string, service: Service, runtime: BenchRuntime) => {
      const started = new ServiceProcess(
        commandOf(service, runtime),
        this.#environment,
        resolve('.'),
      )
      this.#processes.set(name, started)
      return started
    }
    if (inOne) {
      const [, url] = await start('API and worker', 'start', 'node').says(/(http:\/\/127\S+:\d+)/)
      return url!
    }
    const [, url] = await start('API', 'api', runtimes.api).says(/API listens on (\S+)/)
    await start('worker', 'worker', runtimes.worker).says(/health on/)
    return url!
  }

  #cpuSeconds(): Map<string, number | undefined> {
    const { user, system } = process.cpuUsage()
    return new Map<string, number | undefined>([
      ['client', (user + system) / 1e6],
      ...[...this.#processes].map(([name, { pid }]) => [name, cpuSecondsOf(pid)] as const),
      ['Kafka', cpuSecondsOf(this.#servers.pids.kafka)],
      ['MySQL', cpuSecondsOf(this.#servers.pids.mysql)],
    ])
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((one) => one.kill()))
    rmSync(this.#dataDir, { recursive: true, force: true })
  }
}

/** Neighbours go to both shards in turn. */
function bodyOf(n: number): string {
  const objects = Array.from({ length: operationsPerRequest }, (_, k) => {
    const i = n * operationsPerRequest + k
    return upserts.operation(i, i % shards).object
  })
  return JSON.stringify({ type: 'item', op: 'upsert', objects })
}

async function post(url: string, bodies: readonly string[]): Promise<string[]> {
  const receipts: string[] = []
  let next = 0
  const client = async () => {
    for (let n = next++; n < bodies.length; n = next++) {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${url}/v1/writes`, {
        method: 'POST',
        headers,
        body: bodies[n]!,
      })
      if (response.status !== 202) throw new Error(`the API answered ${response.status}`)
      receipts.push(((await response.json()) as Receipt).receipt)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return receipts
}

async function allApplied(url: string, receipts: readonly string[]): Promise<void> {
  for (;;) {
    const states = await Promise.all(
      receipts.map(async (receipt) => {
        const response = await fetch(`${url}/v1/jobs/${receipt}`)
        return ((await response.json()) as { state: string }).state
      }),
    )
    if (states.every((state) => state === 'done')) return
    if (states.includes('done_with_failures')) throw new Error('operations of the bench failed')
    await new Promise((done) => setTimeout(done, pollMs))
  }
}
