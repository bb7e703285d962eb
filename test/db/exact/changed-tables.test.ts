import { bigint, mysqlTable, varchar } from 'drizzle-orm/mysql-core'
import type { Connection } from 'mysql2/promise'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ServedTypes } from './served-type.ts'

const things = mysqlTable('things', {
  id: bigint('id', { mode: 'bigint', unsigned: true }).primaryKey(),
  title: varchar('title', { length: 20 }),
})

let served: ServedTypes
let plain: Connection

beforeAll(async () => {
  served = await ServedTypes.start({ thing: { tables: [things] } })
  plain = await served.connect()
})
beforeEach(() => plain.query('DELETE FROM things'))
afterAll(() => served.stop())

/** What becomes of operations that wait while somebody alters the table. */
async function writeAcross(change: string, operations: readonly object[]) {
  await served.stopWorker()
  const receipt = await served.publish(operations)
  await plain.query(change)
  await served.startWorker()
  const failures = await served.failuresOf(receipt)
  const [rows] = await plain.query('SELECT id, title FROM things ORDER BY id')
  return { failures: failures.map(({ index, code, message }) => ({ index, code, message })), rows }
}

const create = (id: number, title: string) => ({
  ...{ type: 'thing', op: 'create', object: { id, title } },
})

test('a column that was narrowed fails the values that no longer fit, and them alone', async () => {
  const long = [7, 41]
  const operations = Array.from({ length: 50 }, (_, i) =>
    create(i, long.includes(i) ? 'longer than five' : `t${i}`),
  )
  const { failures, rows } = await writeAcross(
    'ALTER TABLE things MODIFY title VARCHAR(5)',
    operations,
  )
  const tooLong = { code: 'too_long', message: 'a value is too long: column title' }
  expect(failures).toEqual(long.map((index) => ({ index, ...tooLong })))
  expect(rows).toHaveLength(48)
  await plain.query('ALTER TABLE things MODIFY title VARCHAR(20)')
})

test('an index that was added fails the rows that clash, all but the first in the log', async () => {
  await plain.query("INSERT INTO things VALUES (100, 'stored')")
  const operations = [
    create(9, 'same'),
    create(8, 'other'),
    create(7, 'SAME'),
    create(6, 'stored'),
    { type: 'thing', op: 'update', object: { id: 8, title: 'same' } },
    { type: 'thing', op: 'upsert', object: { id: 5, title: 'new' } },
  ]
  const { failures, rows } = await writeAcross(
    'ALTER TABLE things ADD UNIQUE KEY by_title (title)',
    operations,
  )
  expect(failures.map(({ index, code }) => [index, code])).toEqual(
    [2, 3, 4].map((index) => [index, 'duplicate_value']),
  )
  expect(failures[0]!.message).toBe('another object has this value already: key things.by_title')
  expect(rows).toEqual([
    { id: '5', title: 'new' },
    { id: '8', title: 'other' },
    { id: '9', title: 'same' },
    { id: '100', title: 'stored' },
  ])
})
