import { cancelKey } from '../../core/cancel.ts'
import type { ShardId } from '../../core/position.ts'
import type { ShardStatus } from '../../core/shard-status.ts'
import type { MemoryLog } from '../support/memory-log.ts'
import type { Promises } from './promises.ts'
import type { World } from './world.ts'

const confirmEveryMs = 50
const confirmWithinMs = 20_000

/** Cancels a job as the API does, and holds the workers to it once they have confirmed. */
export async function cancelJob(
  { job, shard, last }: { job: string; shard: ShardId; last: number },
  { world, log, promises }: { world: World; log: MemoryLog; promises: Promises },
): Promise<void> {
  const { logId } = log
  const cancel = { version: 1, job, tenant: 'tests', logId, ends: [[shard, last]] }
  promises.cancelAsked(job, last)
  const end = await log.control.put(cancelKey(job), JSON.stringify(cancel))
  world.trace.note('api', `cancels ${job}`)
  const untilMs = world.clock.monotonicMs() + confirmWithinMs
  let claim = 0
  while (world.clock.monotonicMs() < untilMs) {
    await world.clock.sleep(confirmEveryMs)
    const text = log.statuses.get(shard)
    if (text === undefined) continue
    const status: ShardStatus = JSON.parse(text)
    // What an owner before says counts no more.
    if (status.claim < claim) continue
    claim = status.claim
    if ((status.controlOffset ?? -1) < end) continue
    world.trace.note('api', `has it confirmed that ${job} is cancelled`)
    promises.cancelConfirmed(job)
    return
  }
}
