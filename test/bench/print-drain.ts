import type { Steps } from '../../setup/steps.ts'
import type { DrainOptions, DrainResult } from './drain.ts'
import { benchDrain } from './drain.ts'
import type { BenchServers } from './servers.ts'
import { thousands } from './thousands.ts'
import { deletes, increments, sparseUpdates } from './workloads/changes.ts'
import { hotKeys } from './workloads/hot-keys.ts'
import { pinCreates } from './workloads/pins.ts'
import { upserts } from './workloads/upserts.ts'
import { overwrites } from './workloads/versions.ts'

/** The part of the ceiling that a drain must reach. */
const goal = 0.9

type Drain = Pick<DrainOptions, 'workload'> & Partial<DrainOptions>

/** What `npm run bench -- drain` and `-- embedded` measure, in this order. */
function drains(operations: number): readonly Drain[] {
  const fewer = Math.ceil(operations / 4)
  return [
    { workload: upserts },
    { workload: upserts, shards: 2, operationsPerShard: operations / 2 },
    { workload: pinCreates, operationsPerShard: operations / 2 },
    ...[sparseUpdates, increments, deletes, hotKeys, ...overwrites].map((workload) => ({
      workload,
      operationsPerShard: fewer,
    })),
  ]
}

export async function printDrains(
  servers: BenchServers,
  steps: Steps,
  options: Omit<DrainOptions, 'workload' | 'shards' | 'rounds'>,
  names: readonly string[],
): Promise<void> {
  for (const drain of drains(options.operationsPerShard)) {
    if (names.length > 0 && !names.some((name) => drain.workload.name.includes(name))) continue
    const all = { shards: 1, rounds: 3, ...options, ...drain }
    const { workload, shards, operationsPerShard, log } = all
    const count = thousands(operationsPerShard * shards)
    const where = shards === 1 ? 'one shard' : `${shards} shards`
    const result = await steps.step(
      `${log}: ${count} ${workload.name}, ${where}, medians of three`,
      () => benchDrain(servers, all),
    )
    print(result)
  }
}

/** One long drain: its memory must not grow. */
export async function printMemory(
  servers: BenchServers,
  steps: Steps,
  operations: number,
): Promise<void> {
  const result = await steps.step(`memory over ${thousands(operations)} upserts`, () =>
    benchDrain(servers, {
      ...{ workload: upserts, operationsPerShard: operations, shards: 1, log: 'kafka' },
      ...{ rounds: 1, runtime: 'node' },
    }),
  )
  print(result)
}

function print(result: DrainResult): void {
  const { ceiling, drain, ratio, cpuSecondsPerMillion, peakMebibytes, mebibytesPerMillion } = result
  console.log(`  pre-built ${thousands(ceiling)}/s, drain ${thousands(drain)}/s: ${ratio.toFixed(2)} of it, the goal is ${goal}
  worker CPU ${cpuSecondsPerMillion.toFixed(1)} s per million; memory ${peakMebibytes.toFixed(0)} MiB at its peak, slope ${mebibytesPerMillion.toFixed(1)} MiB per million`)
}
