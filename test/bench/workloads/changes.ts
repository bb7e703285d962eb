import type { WireObject } from '../../../core/operation.ts'
import type { Workload } from '../workload.ts'
import { scattered, tuples, userOf } from '../workload.ts'
import { insertItems } from './upserts.ts'

/** Changes of rows that are there, each by the fastest statement that a plain client could prepare. */

const columns = Array.from({ length: 10 }, (_, c) => `c${c}`)

/** Which of the ten columns an update sets: any of 1,023 sets. */
function columnSet(i: number): readonly string[] {
  const bits = (scattered(i) % (2 ** columns.length - 1)) + 1
  return columns.filter((_, c) => bits & (1 << c))
}

/** Nobody has to write down which columns are meant: here nothing is set to NULL. */
export const sparseUpdates: Workload = {
  name: 'updates of 1,023 column sets',
  tables: ['wides'],
  batch: 1000,
  seed: (from, to, shard) => [
    `INSERT INTO wides (id, user_id, ${columns.join()}) VALUES ${tuples(from, to, (i) => [i + 1, userOf(i, shard), ...columns.map((column) => `old ${column}`)])}`,
  ],
  operation: (i, shard) => {
    const object: Record<string, WireObject[string]> = {
      id: String(i + 1),
      userId: String(userOf(i, shard)),
    }
    for (const column of columnSet(i)) object[column] = `new ${column} ${i}`
    return { type: 'wide', kind: 'update', object }
  },
  prebuilt: (from, to, shard) => {
    const row = (i: number) => {
      const set = columnSet(i)
      const values = columns.map((column) => (set.includes(column) ? `new ${column} ${i}` : null))
      return [i + 1, userOf(i, shard), ...values]
    }
    const assignments = columns.map((c) => `${c} = IFNULL(new.${c}, wides.${c})`)
    return [
      `INSERT INTO wides (id, user_id, ${columns.join()}) VALUES ${tuples(from, to, row)} AS new ON DUPLICATE KEY UPDATE ${assignments.join()}`,
    ]
  },
}

const seedItems = (from: number, to: number, shard: number) => [insertItems(from, to, shard)]

export const increments: Workload = {
  name: 'increments',
  tables: ['items'],
  batch: 1000,
  seed: seedItems,
  operation: (i, shard) => ({
    type: 'item',
    kind: 'increment',
    object: { id: String(i + 1), userId: String(userOf(i, shard)) },
    by: { saves: 1 + (i % 7) },
  }),
  prebuilt: (from, to, shard) => {
    const row = (i: number) => [i + 1, userOf(i, shard), '', 1 + (i % 7), '2000-01-01']
    return [
      `INSERT INTO items (id, user_id, title, saves, created_at) VALUES ${tuples(from, to, row)} AS new ON DUPLICATE KEY UPDATE saves = items.saves + new.saves`,
    ]
  },
}

export const deletes: Workload = {
  name: 'deletes',
  tables: ['items'],
  batch: 1000,
  seed: seedItems,
  operation: (i, shard) => ({
    type: 'item',
    kind: 'delete',
    object: { id: String(i + 1), userId: String(userOf(i, shard)) },
  }),
  prebuilt: (from, to) => {
    const ids = Array.from({ length: to - from }, (_, k) => from + k + 1)
    return [`DELETE FROM items WHERE id IN (${ids.join()})`]
  },
}
