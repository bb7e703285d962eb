// A worker process that drains its shards up to given offsets, then tells what that took.
//   node test/bench/drain-worker.ts <offset of shard 0> [<of shard 1> …]

import process from 'node:process'
import { loadConfig } from '../../config/load.ts'
import { readSettings } from '../../config/settings.ts'
import { startWorkerProcess } from '../../consumer/start.ts'
import { shardId } from '../../core/position.ts'
import { systemClock } from '../../runtime/clock.ts'

export interface DrainFigures {
  readonly seconds: number
  /** User and system time of this process. */
  readonly cpuSeconds: number
  readonly peakMebibytes: number
  /** Memory on the way: how much of the drain was done, from 0 to 1, and mebibytes then. */
  readonly memory: readonly (readonly [done: number, mebibytes: number])[]
}

const pollMs = 5
const sampleEvery = 100
const mebibyte = 1024 * 1024

const targets = process.argv.slice(2).map(Number)
const settings = readSettings(process.env)
const config = await loadConfig(settings)
const memory: [number, number][] = []
const startMs = performance.now()
const cpuBefore = process.cpuUsage()
const running = await startWorkerProcess(settings, config, 'bench')
for (let polls = 0; done() < 1; polls++) {
  await systemClock.sleep(pollMs)
  if (polls % sampleEvery === 0) memory.push([done(), process.memoryUsage.rss() / mebibyte])
}
const { user, system } = process.cpuUsage(cpuBefore)
const figures: DrainFigures = {
  seconds: (performance.now() - startMs) / 1000,
  cpuSeconds: (user + system) / 1e6,
  peakMebibytes: process.resourceUsage().maxRSS / 1024,
  memory,
}
await running.stop()
console.log(JSON.stringify(figures))
process.exit(0)

/** 1 once every shard stands at its target. */
function done(): number {
  const { reports } = running.worker
  const offsets = targets.map((_, shard) => reports.get(shardId(shard))?.position?.offset ?? 0)
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)
  return targets.every((target, shard) => offsets[shard]! >= target)
    ? 1
    : sum(offsets) / sum(targets)
}
