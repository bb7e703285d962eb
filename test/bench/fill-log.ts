import type { Config } from '../../config/compile-config.ts'
import type { Settings } from '../../config/settings.ts'
import { type KeyedRequest, keyedHeaders } from '../../core/keyed-request.ts'
import type { Operation } from '../../core/operation.ts'
import { shardId } from '../../core/position.ts'
import { checksum } from '../../runtime/checksum.ts'
import { newDigest } from '../../runtime/digest.ts'
import { openLog } from '../../wiring/open-log.ts'
import { batchByShard } from '../support/batch-by-shard.ts'
import type { Workload } from './workload.ts'

export interface FilledRequests {
  readonly operations: number
  /** Whether each has an Idempotency-Key of its own. */
  readonly keyed: boolean
}

const largeRequests: FilledRequests = { operations: 10_000, keyed: false }

/** Publishes a workload to every shard; resolves with the offset behind each shard's last message. */
export async function fillLog(
  settings: Settings,
  config: Config,
  workload: Workload,
  operationsPerShard: number,
  requests: FilledRequests = largeRequests,
): Promise<readonly number[]> {
  const shards = Array.from({ length: config.shards.count }, (_, shard) => shardId(shard))
  const log = await openLog(settings, config.shards.count, 'bench')
  try {
    for (let from = 0; from < operationsPerShard; from += requests.operations) {
      const to = Math.min(operationsPerShard, from + requests.operations)
      const job = `fill-${from}`
      const headers = requests.keyed ? keyedHeaders(requestOf(job)) : {}
      for (const shard of shards) {
        const operations: Operation[] = []
        for (let i = from; i < to; i++) {
          operations.push({ index: i - from, ...workload.operation(i, shard) })
        }
        const batched = batchByShard(operations, {
          job,
          tenant: 'bench',
          limits: config.messages,
          checksum,
          shardOf: () => shard,
        })
        if (batched.tooLarge.length > 0) throw new Error('an operation of the bench is too large')
        await log.publish(batched.messages.map((message) => ({ ...message, headers })))
      }
    }
    return await Promise.all(shards.map(async (shard) => (await log.bounds(shard)).next))
  } finally {
    await log.close()
  }
}

function requestOf(job: string): KeyedRequest {
  const digest = newDigest()
  digest.update(job)
  return { key: `request ${job}`, digest: digest.finish(), publishedAtMs: Date.now() }
}
