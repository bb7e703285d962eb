import { bigint, datetime, int, json, mysqlTable, varchar } from 'drizzle-orm/mysql-core'

/** The tables of the default config: users, their boards, and the pins on them. */

const id = (name: string) => bigint(name, { mode: 'bigint', unsigned: true })
const createdAt = () => datetime('created_at', { fsp: 3 }).notNull()

export const users = mysqlTable('users', {
  id: id('id').primaryKey(),
  username: varchar('username', { length: 50 }).notNull().unique(),
  email: varchar('email', { length: 255 }).notNull(),
  createdAt: createdAt(),
})

export const boards = mysqlTable('boards', {
  id: id('id').primaryKey(),
  userId: id('user_id').notNull(),
  name: varchar('name', { length: 180 }).notNull(),
  createdAt: createdAt(),
})

export const pins = mysqlTable('pins', {
  id: id('id').primaryKey(),
  userId: id('user_id').notNull(),
  boardId: id('board_id').notNull(),
  title: varchar('title', { length: 200 }).notNull(),
  link: varchar('link', { length: 2048 }),
  metadata: json('metadata'),
  saves: int('saves', { unsigned: true }).notNull().default(0),
  createdAt: createdAt(),
})

/** Which pins are on which board. */
export const boardPins = mysqlTable('board_pins', {
  pinId: id('pin_id').primaryKey(),
  boardId: id('board_id').notNull(),
  userId: id('user_id').notNull(),
  createdAt: createdAt(),
})
