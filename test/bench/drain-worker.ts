// A worker process that drains its one shard up to an offset, then tells what that took.
//   node test/bench/drain-worker.ts <offset>

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
}

const target = Number(process.argv[2])
const settings = readSettings(process.env)
const config = await loadConfig(settings)
const startMs = performance.now()
const cpuBefore = process.cpuUsage()
const running = await startWorkerProcess(settings, config, 'bench')
while ((running.worker.reports.get(shardId(0))?.status()?.position.offset ?? 0) < target) {
  await systemClock.sleep(5)
}
const { user, system } = process.cpuUsage(cpuBefore)
const figures: DrainFigures = {
  seconds: (performance.now() - startMs) / 1000,
  cpuSeconds: (user + system) / 1e6,
  peakMebibytes: process.resourceUsage().maxRSS / 1024,
}
await running.stop()
console.log(JSON.stringify(figures))
process.exit(0)
