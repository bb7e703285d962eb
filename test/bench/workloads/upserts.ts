import type { Workload } from '../workload.ts'
import { createdAt, createdAtSql, tuples, userOf } from '../workload.ts'

const text = 'a title as people write them, with some words and a few more to fill it '

export function title(i: number): string {
  return `${text.repeat(2).slice(0, 110)}${i}`
}

/** Pre-built INSERTs of items, for workloads that change what is there. */
export function insertItems(from: number, to: number, shard: number): string {
  const row = (i: number) => [i + 1, userOf(i, shard), title(i), i % 1000, createdAtSql]
  return `INSERT INTO items (id, user_id, title, saves, created_at) VALUES ${tuples(from, to, row)}`
}

/** New rows of about 200 bytes: the first thing that a backfill does. */
export const upserts: Workload = {
  name: 'upserts of 200 bytes',
  tables: ['items'],
  batch: 1000,
  operation: (i, shard) => ({
    type: 'item',
    kind: 'upsert',
    object: {
      id: String(i + 1),
      userId: String(userOf(i, shard)),
      title: title(i),
      saves: i % 1000,
      createdAt,
    },
  }),
  prebuilt: (from, to, shard) => [
    `${insertItems(from, to, shard)} AS new ON DUPLICATE KEY UPDATE user_id = new.user_id, title = new.title, saves = new.saves, created_at = new.created_at`,
  ],
}
