import { bigint, datetime, int, mysqlTable, varchar } from 'drizzle-orm/mysql-core'
import { defineConfig, modulo, mysqlShards } from '../../config/index.ts'

/** One table, rows of about 200 bytes, one shard without a limit: what the drain is measured on. */
export const items = mysqlTable('items', {
  id: bigint('id', { mode: 'bigint', unsigned: true }).primaryKey(),
  userId: bigint('user_id', { mode: 'bigint', unsigned: true }).notNull(),
  title: varchar('title', { length: 200 }).notNull(),
  saves: int('saves', { unsigned: true }).notNull(),
  createdAt: datetime('created_at', { fsp: 3 }).notNull(),
})

export default defineConfig((settings) => ({
  shards: mysqlShards({
    count: 1,
    url: () => settings.databaseUrl('sluice_bench'),
    statementsPerSecond: 0,
    pullSize: 20,
  }),
  createTables: true,
  types: { item: { shardBy: modulo('userId'), key: ['id'], tables: [items] } },
}))
