import { defineConfig, modulo, mysqlShards } from '../../config/index.ts'
import { items } from './bench.config.ts'

/** One row a statement, so that statements are plenty: what held rates are measured on. */
export default defineConfig((settings) => ({
  shards: mysqlShards({
    count: 1,
    url: () => settings.databaseUrl('sluice_rate'),
    statementsPerSecond: settings.statementsPerSecond,
  }),
  createTables: true,
  types: {
    item: {
      shardBy: modulo('userId'),
      key: ['id'],
      tables: [items],
      rowsPerStatement: { upsert: 1 },
    },
  },
}))
