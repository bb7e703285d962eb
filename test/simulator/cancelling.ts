import { cancelKey } from '../../core/cancel.ts'
import { offset, type ShardId } from '../../core/position.ts'
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
  const from = statusOf(log, shard)?.position ?? { offset: offset(0), operation: 0 }
  const stretches = [{ shard, from, last }]
  const cancel = { version: 1, job, tenant: 'tests', logId, stretches }
  promises.cancelAsked(job, from, last)
  const end = await log.control.put(cancelKey(job), JSON.stringify(cancel))
  world.trace.note('api', `cancels ${job}`)
  const untilMs = world.clock.monotonicMs() + confirmWithinMs
  let claim = 0
  while (world.clock.monotonicMs() < untilMs) {
    await world.clock.sleep(confirmEveryMs)
    const status = statusOf(log, shard)
    if (!status) continue
    // What an owner before says counts no more.
    if (status.claim < claim) continue
    claim = status.claim
    if ((status.controlOffset ?? -1) < end) continue
    world.trace.note('api', `has it confirmed that ${job} is cancelled`)
    promises.cancelConfirmed(job)
    return
  }
}

function statusOf(log: MemoryLog, shard: ShardId): ShardStatus | undefined {
  const text = log.statuses.get(shard)
  return text === undefined ? undefined : JSON.parse(text)
}
