// `npm run bench [-- api ndjson drain keyed memory embedded end-to-end compression isolation rate]`: the
// figures of docs/performance.md, as ratios of one run. `-- drain --only pins` measures the workloads whose names
// contain that.

import process from 'node:process'
import { parseArgs } from 'node:util'
import { readSettings } from '../../config/settings.ts'
import { printSteps } from '../../setup/steps.ts'
import { benchCompression, compressionTable } from './compression.ts'
import { printEndToEnd } from './end-to-end.ts'
import { benchIsolation, isolationTable } from './isolation.ts'
import { printKeyed } from './keyed.ts'
import { median } from './median.ts'
import { printNdjson } from './ndjson.ts'
import { printDrains, printMemory } from './print-drain.ts'
import { benchRate } from './rate.ts'
import type { BenchServers } from './servers.ts'
import { startBenchServers } from './servers.ts'
import { thousands } from './thousands.ts'
import type { BenchRuntime } from './worker-process.ts'
import { startBenchWorker } from './worker-process.ts'

const apiGoal = 400_000
const rates = [10, 100, 700]
const rateSeconds = 30

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string', default: '1000000' },
    runtime: { type: 'string', default: 'node' },
    only: { type: 'string', multiple: true, default: [] },
  },
})
const isWanted = (name: string) => positionals.length === 0 || positionals.includes(name)
const steps = printSteps(process.stdout)
const rows = Number(values.rows)
const runtime = values.runtime as BenchRuntime

if (isWanted('api')) await steps.step('API path, medians of three', () => printApi())
if (isWanted('ndjson')) await printNdjson(readSettings(process.env), steps, rows)
const onServers = [
  'drain',
  'keyed',
  'memory',
  'embedded',
  'end-to-end',
  'compression',
  'isolation',
  'rate',
]
if (onServers.some(isWanted)) {
  const servers = await startBenchServers(readSettings(process.env), steps)
  try {
    const options = { operationsPerShard: rows, runtime }
    if (isWanted('drain')) {
      await printDrains(servers, steps, { ...options, log: 'kafka' }, values.only)
    }
    if (isWanted('embedded')) {
      await printDrains(servers, steps, { ...options, log: 'embedded' }, values.only)
    }
    if (isWanted('keyed')) await printKeyed(servers, steps, Math.ceil(rows / 5), values.only)
    if (isWanted('memory')) await printMemory(servers, steps, 4 * rows)
    if (isWanted('end-to-end')) await printEndToEnd(servers, steps, rows)
    if (isWanted('compression')) await printCompression(servers)
    if (isWanted('isolation')) console.log(isolationTable(await benchIsolation(servers)))
    if (isWanted('rate')) for (const rate of rates) await printRate(servers, rate)
  } finally {
    await servers.stop()
  }
}
process.exit(0)

/** In turns, since the machine's speed drifts. */
async function printApi(): Promise<void> {
  const runtimes = ['node', 'deno', 'bun'] as const
  const rounds: Record<BenchRuntime, ApiRound[]> = { node: [], deno: [], bun: [] }
  for (let round = 0; round < 3; round++) {
    for (const runtime of runtimes) rounds[runtime].push(await runApiPath(runtime))
  }
  for (const runtime of runtimes) {
    const whole = median(rounds[runtime].map((round) => round.whole))
    const ratio = median(rounds[runtime].map((round) => round.whole / round.parse))
    const parts = [
      `${runtime.padEnd(4)} ${thousands(whole)} operations/s`,
      `${(whole / apiGoal).toFixed(2)} of the goal of ${thousands(apiGoal)}`,
      `${ratio.toFixed(2)} of JSON.parse alone`,
    ]
    console.log(`  ${parts.join(', ')}`)
  }
}

/** Operations per second of the whole path, and of JSON.parse on the same body. */
interface ApiRound {
  readonly whole: number
  readonly parse: number
}

async function runApiPath(runtime: BenchRuntime): Promise<ApiRound> {
  const { results } = await startBenchWorker(
    runtime,
    ['test/bench/api-path.ts', '--json'],
    {},
  ).result<{ results: readonly { readonly operationsPerSecond: number }[] }>()
  return { whole: results.at(-1)!.operationsPerSecond, parse: results[0]!.operationsPerSecond }
}

async function printRate(servers: Parameters<typeof benchRate>[0], limit: number): Promise<void> {
  const { held, ratio, isHeld } = await steps.step(
    `${limit} statements/s for ${rateSeconds} s`,
    () => benchRate(servers, limit, rateSeconds),
  )
  const verdict = isHeld ? 'within 1 % or one window' : 'NOT within 1 % or one window'
  console.log(`  held ${held.toFixed(2)}/s, ratio ${ratio.toFixed(4)}: ${verdict}`)
}

async function printCompression(servers: BenchServers): Promise<void> {
  const rows = 100_000
  const title = `compression of ${thousands(rows)} rows, medians of three`
  console.log(compressionTable(await steps.step(title, () => benchCompression(servers, rows))))
}
