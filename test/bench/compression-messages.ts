import type { OutgoingMessage } from '../../core/log.ts'
import type { Operation } from '../../core/operation.ts'
import { shardId } from '../../core/position.ts'
import { readCities } from '../../demo/cities.ts'
import { demoPhases } from '../../demo/script.ts'
import { checksum } from '../../runtime/checksum.ts'
import { batchByShard } from '../support/batch-by-shard.ts'
import { upserts } from './workloads/upserts.ts'

/** Rows whose titles are all but alike, as the drain has them; and the demo's, of real cities. */
export const payloads = ['drain', 'cities'] as const
export type Payload = (typeof payloads)[number]

const operationsPerRequest = 10_000

/** Messages for shard 0 as the API makes them. */
export function compressionMessages(payload: Payload, rows: number): OutgoingMessage[] {
  const all = payload === 'drain' ? drainOperations(rows) : cityOperations(rows)
  const messages: OutgoingMessage[] = []
  for (let from = 0; from < all.length; from += operationsPerRequest) {
    const operations = all.slice(from, from + operationsPerRequest)
    const batched = batchByShard(
      operations.map((operation, index) => ({ ...operation, index })),
      {
        job: crypto.randomUUID(),
        tenant: 'bench',
        limits: { operations: 1000, bytes: 256 * 1024 },
        checksum,
        shardOf: () => shardId(0),
      },
    )
    if (batched.tooLarge.length > 0) throw new Error('a row of the bench is larger than a message')
    messages.push(...batched.messages.map((message) => ({ ...message, headers: {} })))
  }
  return messages
}

function drainOperations(rows: number): Operation[] {
  return Array.from({ length: rows }, (_, index) => ({ index, ...upserts.operation(index, 0) }))
}

function cityOperations(rows: number): Operation[] {
  const operations = demoPhases(readCities(rows)).flatMap((phase) => [...phase.operations])
  return operations.slice(0, rows).map(({ type, op: kind, object, by }, index) => ({
    index,
    type,
    kind,
    object,
    ...(by && { by }),
  }))
}
