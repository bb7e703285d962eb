import { bigint, datetime, int, mysqlTable, varchar } from 'drizzle-orm/mysql-core'
import { defineConfig, modulo, mysqlShards } from '../../config/index.ts'
import { boardPins, pins } from '../../tables.ts'

/** Rows of about 200 bytes as a client sends them. */
const itemTable = (name: string) =>
  mysqlTable(name, {
    id: bigint('id', { mode: 'bigint', unsigned: true }).primaryKey(),
    userId: bigint('user_id', { mode: 'bigint', unsigned: true }).notNull(),
    title: varchar('title', { length: 200 }).notNull(),
    saves: int('saves', { unsigned: true }).notNull(),
    createdAt: datetime('created_at', { fsp: 3 }).notNull(),
  })

export const items = itemTable('items')
export const versionedItems = itemTable('versioned_items')

const part = (name: string) => varchar(name, { length: 40 })

/** Ten columns that an update may set or leave: more than a thousand sets of them. */
export const wides = mysqlTable('wides', {
  id: bigint('id', { mode: 'bigint', unsigned: true }).primaryKey(),
  userId: bigint('user_id', { mode: 'bigint', unsigned: true }).notNull(),
  ...{ c0: part('c0'), c1: part('c1'), c2: part('c2'), c3: part('c3'), c4: part('c4') },
  ...{ c5: part('c5'), c6: part('c6'), c7: part('c7'), c8: part('c8'), c9: part('c9') },
})

/** Shards without a limit. Objects go to the shard of their user, `userId % shards`. */
export default defineConfig((settings) => ({
  shards: mysqlShards({
    count: settings.shards,
    url: (n) => settings.databaseUrl(`sluice_bench_${n}`),
    statementsPerSecond: 0,
    pullSize: 20,
  }),
  createTables: true,
  types: {
    item: { shardBy: modulo('userId'), key: ['id'], tables: [items] },
    versionedItem: {
      shardBy: modulo('userId'),
      key: ['id'],
      version: 'saves',
      tables: [versionedItems],
    },
    wide: { shardBy: modulo('userId'), key: ['id'], tables: [wides] },
    // As in the default config.
    pin: {
      shardBy: modulo('userId'),
      key: ['id'],
      tables: [
        pins,
        { table: boardPins, map: { pinId: 'id' }, on: ['create', 'upsert', 'update', 'delete'] },
      ],
      rowsPerStatement: { create: 500, update: 1000, delete: 2000 },
    },
  },
}))
