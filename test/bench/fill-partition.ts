import type { Config } from '../../config/compile-config.ts'
import type { Settings } from '../../config/settings.ts'
import type { Operation } from '../../core/operation.ts'
import { shardId } from '../../core/position.ts'
import { batchByShard } from '../../core/shard-batching.ts'
import { checksum } from '../../runtime/checksum.ts'
import { openLog } from '../../wiring/open-log.ts'
import { drainRow } from './drain-rows.ts'

const operationsPerRequest = 10_000

/** Publishes upserts of the drain's rows to shard 0; resolves with the offset behind the last message. */
export async function fillPartition(
  settings: Settings,
  config: Config,
  rows: number,
): Promise<number> {
  const log = await openLog(settings, config.shards.count, 'bench')
  try {
    for (let from = 0; from < rows; from += operationsPerRequest) {
      const operations: Operation[] = []
      for (let i = from; i < Math.min(rows, from + operationsPerRequest); i++) {
        operations.push({
          index: i - from,
          type: 'item',
          kind: 'upsert',
          object: { ...drainRow(i) },
        })
      }
      const batched = batchByShard(operations, {
        job: `fill-${from}`,
        tenant: 'bench',
        limits: config.messages,
        checksum,
        shardOf: () => shardId(0),
      })
      if ('tooLarge' in batched) throw new Error('a row of the bench is larger than a message')
      await log.publish(batched.messages.map((message) => ({ ...message, headers: {} })))
    }
    return (await log.bounds(shardId(0))).next
  } finally {
    await log.close()
  }
}
