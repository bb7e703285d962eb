import { escape as quote } from 'mysql2'
import type { OperationKind } from '../../../core/operation.ts'
import { operationKinds } from '../../../core/operation.ts'
import type { Workload } from '../workload.ts'
import { createdAt, createdAtSql, scattered, userOf } from '../workload.ts'

const keys = 1000

const keyOf = (i: number) => scattered(i) % keys
const kindOf = (i: number): OperationKind =>
  operationKinds[scattered(i * 31 + 7) % operationKinds.length]!

/**
 * All kinds on a thousand keys. No one statement could do what these do in their order, so a plain
 * client sends them one by one, many in a packet and a thousand in a transaction.
 */
export const hotKeys: Workload = {
  name: 'all kinds on 1,000 keys',
  tables: ['items'],
  batch: 1000,
  operation: (i, shard) => {
    const kind = kindOf(i)
    const identity = { id: String(keyOf(i) + 1), userId: String(userOf(keyOf(i), shard)) }
    const values = { title: `title ${i}`, saves: i % 1000, createdAt }
    switch (kind) {
      case 'create':
      case 'upsert':
        return { type: 'item', kind, object: { ...identity, ...values } }
      case 'update':
        return { type: 'item', kind, object: { ...identity, title: values.title } }
      case 'increment':
        return { type: 'item', kind, object: identity, by: { saves: 1 } }
      case 'delete':
        return { type: 'item', kind, object: identity }
      default:
        return kind satisfies never
    }
  },
  prebuilt: (from, to, shard) => {
    const statements: string[] = []
    for (let i = from; i < to; i++) statements.push(single(i, shard))
    return [statements.join(';')]
  },
}

function single(i: number, shard: number): string {
  const kind = kindOf(i)
  const id = keyOf(i) + 1
  const title = quote(`title ${i}`)
  const row = `(${id}, ${userOf(keyOf(i), shard)}, ${title}, ${i % 1000}, '${createdAtSql}')`
  const into = 'INTO items (id, user_id, title, saves, created_at) VALUES'
  switch (kind) {
    case 'create':
      return `INSERT IGNORE ${into} ${row}`
    case 'upsert':
      return `INSERT ${into} ${row} AS new ON DUPLICATE KEY UPDATE title = new.title, saves = new.saves, created_at = new.created_at`
    case 'update':
      return `UPDATE items SET title = ${title} WHERE id = ${id}`
    case 'increment':
      return `UPDATE items SET saves = saves + 1 WHERE id = ${id}`
    case 'delete':
      return `DELETE FROM items WHERE id = ${id}`
    default:
      return kind satisfies never
  }
}
