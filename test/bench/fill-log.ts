import type { Config } from '../../config/compile-config.ts'
import type { Settings } from '../../config/settings.ts'
import type { Operation } from '../../core/operation.ts'
import { shardId } from '../../core/position.ts'
import { checksum } from '../../runtime/checksum.ts'
import { openLog } from '../../wiring/open-log.ts'
import { batchByShard } from '../support/batch-by-shard.ts'
import type { Workload } from './workload.ts'

const operationsPerRequest = 10_000

/** Publishes a workload to every shard; resolves with the offset behind each shard's last message. */
export async function fillLog(
  settings: Settings,
  config: Config,
  workload: Workload,
  operationsPerShard: number,
): Promise<readonly number[]> {
  const shards = Array.from({ length: config.shards.count }, (_, shard) => shardId(shard))
  const log = await openLog(settings, config.shards.count, 'bench')
  try {
    for (let from = 0; from < operationsPerShard; from += operationsPerRequest) {
      const to = Math.min(operationsPerShard, from + operationsPerRequest)
      for (const shard of shards) {
        const operations: Operation[] = []
        for (let i = from; i < to; i++) {
          operations.push({ index: i - from, ...workload.operation(i, shard) })
        }
        const batched = batchByShard(operations, {
          job: `fill-${from}`,
          tenant: 'bench',
          limits: config.messages,
          checksum,
          shardOf: () => shard,
        })
        if (batched.tooLarge.length > 0) throw new Error('an operation of the bench is too large')
        await log.publish(batched.messages.map((message) => ({ ...message, headers: {} })))
      }
    }
    return await Promise.all(shards.map(async (shard) => (await log.bounds(shard)).next))
  } finally {
    await log.close()
  }
}
