import {
  bigint,
  datetime,
  int,
  json,
  type MySqlTable,
  mysqlTable,
  varchar,
} from 'drizzle-orm/mysql-core'
import { operationKinds, type WireObject } from '../../core/operation.ts'
import type { DatabaseType } from '../../db/types/database-type.ts'
import { compileTypes } from '../../db/types/object-type.ts'
import type { ShardRoute } from '../../db/types/shard-route.ts'

// Objects of one to eight tables, each with a column for every way in which a row may fail.

/** In MySQL `part_0` and so on; property `title3` is column `title` of `part_3`. */
function partTable(n: number): MySqlTable {
  const id = (name: string) => bigint(name, { mode: 'bigint', unsigned: true })
  return mysqlTable(`part_${n}`, {
    id: id('id').primaryKey(),
    userId: id('user_id').notNull(),
    [`title${n}`]: varchar('title', { length: 100 }),
    [`n${n}`]: int('n'),
    [`at${n}`]: datetime('at', { fsp: 3 }),
    [`doc${n}`]: json('doc'),
    [`code${n}`]: varchar('code', { length: 20 }).unique(`part_${n}_code`),
  })
}

export const partTables: readonly MySqlTable[] = [0, 1, 2, 3, 4, 5, 6, 7].map(partTable)

const byUser: ShardRoute = {
  ...{ name: 'userId', properties: ['userId'], needsIntegers: false, isTotal: true },
  shardOf: () => 0,
}

/** An object that is spread over the first so many tables. */
export function typeOfTables(tables: number, rowsPerStatement = 1000): DatabaseType {
  const problems: string[] = []
  const rows = rowsPerStatement
  const types = compileTypes(
    [
      {
        ...{ name: 'item', key: ['id'], ordered: false, shardBy: byUser },
        tables: partTables
          .slice(0, tables)
          .map((table) => ({ table, map: {}, on: operationKinds })),
        rowsPerStatement: {
          create: rows,
          upsert: rows,
          update: rows,
          increment: rows,
          delete: rows,
        },
      },
    ],
    1,
    (problem) => problems.push(problem),
  )
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return types.get('item')!
}

/** An object whose every value is good, in as many tables. */
export function goodItem(i: number, tables: number): WireObject {
  const item: Record<string, WireObject[string]> = { id: String(i + 1), userId: '7' }
  for (let n = 0; n < tables; n++) {
    item[`title${n}`] = '1'
    item[`n${n}`] = 1
    item[`at${n}`] = '2026-11-23T03:04:05.123Z'
    item[`doc${n}`] = { a: 1 }
    item[`code${n}`] = `code ${i}`
  }
  return item
}
