import { setTimeout as wait } from 'node:timers/promises'
import { queryMysql } from '../e2e/local-deployment.ts'
import { eventually } from './eventually.ts'
import type { FaultWorld } from './world.ts'

/** How long is watched that nothing is written. */
const watchedMs = 2000
const alertLimitMs = 30_000

/** Resolves once some worker says this. */
export async function workersSay(world: FaultWorld, pattern: RegExp): Promise<void> {
  await eventually(`a worker says ${pattern}`, alertLimitMs, () =>
    world.workers.some(({ process }) => pattern.test(process.output)),
  )
}

/** Starts a part that must not go on: it ends and says this. */
export async function isRefused(
  world: FaultWorld,
  service: 'worker' | 'migrate' | 'api',
  pattern: RegExp,
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const started = world.deployment.start(service, 'node', env)
  const code = await started.ended
  if (code === 1 && pattern.test(started.output)) return
  throw new Error(`${service} ended with ${code} and did not say ${pattern}: ${started.output}`)
}

/** Rejects if anything is written to these shards, rows or positions, for a while. */
export async function nothingIsWritten(world: FaultWorld, shards: readonly number[]) {
  const before = await contentsOf(world, shards)
  await wait(watchedMs)
  const after = await contentsOf(world, shards)
  if (before === after) return
  throw new Error('a shard that should stand still was written to')
}

/** Who owns a shard is no part of it: one that stands still is claimed each time its worker looks. */
async function contentsOf(world: FaultWorld, shards: readonly number[]): Promise<string> {
  const tables =
    'users, boards, pins, board_pins, sluice_failures, sluice_outcomes, sluice_requests'
  const positions = 'SELECT next_offset, next_operation, log_id FROM sluice_offsets'
  const contents = await Promise.all(
    shards.map(async (shard) => {
      const url = world.deployment.shardUrls[shard]!
      const sums = await queryMysql(url, `CHECKSUM TABLE ${tables}`)
      return [sums, await queryMysql(url, positions)]
    }),
  )
  return JSON.stringify(contents)
}

export function allShards({ deployment }: FaultWorld): number[] {
  return deployment.databases.map((_, shard) => shard)
}
