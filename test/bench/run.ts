// `npm run bench [-- drain rate api]`: the figures of the README, as ratios of one run.

import process from 'node:process'
import { parseArgs } from 'node:util'
import { readSettings } from '../../config/settings.ts'
import { printSteps } from '../../setup/steps.ts'
import { benchDrain } from './drain.ts'
import { benchRate } from './rate.ts'
import { startBenchServers } from './servers.ts'
import type { BenchRuntime } from './worker-process.ts'
import { startBenchWorker } from './worker-process.ts'

const drainGoal = 0.75
const apiGoal = 400_000
const rates = [10, 100, 700]
const rateSeconds = 30

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rows: { type: 'string', default: '1000000' } },
})
const isWanted = (name: string) => positionals.length === 0 || positionals.includes(name)
const steps = printSteps(process.stdout)

if (isWanted('api')) for (const runtime of ['node', 'deno', 'bun'] as const) await printApi(runtime)
if (isWanted('drain') || isWanted('rate')) {
  const servers = await startBenchServers(readSettings(process.env), steps)
  try {
    if (isWanted('drain')) await printDrain(servers)
    if (isWanted('rate')) for (const rate of rates) await printRate(servers, rate)
  } finally {
    await servers.stop()
  }
}
process.exit(0)

async function printApi(runtime: BenchRuntime): Promise<void> {
  const figures = await steps.step(`API path on ${runtime}`, () =>
    startBenchWorker(runtime, ['test/bench/api-path.ts', '--json'], {}).result<{
      results: readonly { name: string; operationsPerSecond: number }[]
    }>(),
  )
  const { operationsPerSecond } = figures.results.at(-1)!
  console.log(
    `  ${thousands(operationsPerSecond)} operations/s, ${(operationsPerSecond / apiGoal).toFixed(2)} of the goal of ${thousands(apiGoal)}`,
  )
}

async function printDrain(servers: Parameters<typeof benchDrain>[0]): Promise<void> {
  const rows = Number(values.rows)
  const result = await steps.step(`drain of ${thousands(rows)} rows, medians of three`, () =>
    benchDrain(servers, rows),
  )
  console.log(`  pre-built upserts on one connection  ${thousands(result.ceiling)} rows/s
  drain from Kafka, fence included     ${thousands(result.drain)} rows/s
  ratio ${result.ratio.toFixed(2)}, the goal is ${drainGoal}
  worker CPU ${result.cpuSecondsPerMillion.toFixed(1)} s per million rows, ${result.peakMebibytes.toFixed(0)} MiB at its peak`)
}

async function printRate(servers: Parameters<typeof benchRate>[0], limit: number): Promise<void> {
  const { held, ratio, isHeld } = await steps.step(
    `${limit} statements/s for ${rateSeconds} s`,
    () => benchRate(servers, limit, rateSeconds),
  )
  const verdict = isHeld ? 'within 1 % or one window' : 'NOT within 1 % or one window'
  console.log(`  held ${held.toFixed(2)}/s, ratio ${ratio.toFixed(4)}: ${verdict}`)
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en')
}
