import { sql } from 'drizzle-orm'
import {
  bigint,
  binary,
  datetime,
  decimal,
  foreignKey,
  int,
  json,
  mysqlTable,
  primaryKey,
  varchar,
} from 'drizzle-orm/mysql-core'
import { operationKinds } from '../../core/operation.ts'
import type { DatabaseType } from '../../db/types/database-type.ts'
import { compileTypes } from '../../db/types/object-type.ts'
import type { ShardRoute } from '../../db/types/shard-route.ts'
import type { TableDefinition, TypeDefinition } from '../../db/types/type-definition.ts'

const id = (name: string) => bigint(name, { mode: 'bigint', unsigned: true })

export const users = mysqlTable('users', {
  id: id('id').primaryKey(),
  username: varchar({ length: 20 }).notNull().unique('users_username'),
})

export const pins = mysqlTable(
  'pins',
  {
    id: id('id').primaryKey(),
    userId: id('user_id').notNull(),
    title: varchar({ length: 10 }).notNull(),
    link: varchar({ length: 100 }),
    metadata: json(),
    saves: int({ unsigned: true }).notNull().default(0),
    code: varchar({ length: 36 }).$defaultFn(() => 'made by the worker'),
    createdAt: datetime('created_at', { fsp: 3 }).notNull().default(sql`(now(3))`),
  },
  (table) => [
    foreignKey({ columns: [table.userId], foreignColumns: [users.id], name: 'pins_user' }),
  ],
)

export const boardPins = mysqlTable('board_pins', {
  pinId: id('pin_id').primaryKey(),
  userId: id('user_id').notNull(),
})

/** A composite text key, a version, exact decimals and bytes. */
export const notes = mysqlTable(
  'notes',
  {
    space: varchar({ length: 20 }).notNull(),
    name: varchar({ length: 20 }).notNull(),
    revision: int().notNull(),
    price: decimal({ precision: 20, scale: 5 }),
    digest: binary({ length: 4 }),
    balance: bigint({ mode: 'bigint' }).notNull().default(0n),
  },
  (table) => [primaryKey({ columns: [table.space, table.name] })],
)

/** MySQL numbers these by itself where no id is given. */
export const tickets = mysqlTable('tickets', {
  id: id('id').autoincrement().primaryKey(),
  seat: varchar({ length: 10 }).notNull().unique('tickets_seat'),
})

export const ownTables = [users, pins, boardPins, notes, tickets]

const everyKind = operationKinds
const routed = (property: string): ShardRoute => ({
  ...{ name: property, properties: [property], needsIntegers: false, isTotal: true },
  shardOf: () => 0,
})

function define(
  name: string,
  shardBy: string,
  key: readonly string[],
  tables: readonly TableDefinition[],
  version?: string,
): TypeDefinition {
  const rows = 1000
  return {
    ...{ name, key, tables, ordered: false },
    shardBy: routed(shardBy),
    rowsPerStatement: { create: rows, upsert: rows, update: rows, increment: rows, delete: rows },
    ...(version !== undefined && { version }),
  }
}

const problems: string[] = []
const types = compileTypes(
  [
    define('user', 'id', ['id'], [{ table: users, map: {}, on: everyKind }]),
    define(
      'pin',
      'userId',
      ['id'],
      [
        { table: pins, map: {}, on: everyKind },
        { table: boardPins, map: { pinId: 'id' }, on: ['create', 'upsert', 'update', 'delete'] },
      ],
    ),
    define(
      'note',
      'space',
      ['space', 'name'],
      [{ table: notes, map: {}, on: everyKind }],
      'revision',
    ),
    define('ticket', 'id', ['id'], [{ table: tickets, map: {}, on: everyKind }]),
  ],
  1,
  (problem) => problems.push(problem),
)
if (problems.length > 0) throw new Error(problems.join('\n'))

export const [user, pin, note, ticket] = [...types.values()] as [
  DatabaseType,
  DatabaseType,
  DatabaseType,
  DatabaseType,
]
export const allTypes: readonly DatabaseType[] = [user, pin, note, ticket]
