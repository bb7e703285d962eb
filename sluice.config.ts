import { defineConfig, hash, mysqlShards } from './config/index.ts'
import { boardPins, boards, pins, users } from './tables.ts'

/** Where the shards are, what each bears, and what is written to them. */
export default defineConfig((settings) => ({
  shards: mysqlShards({
    count: settings.shards,
    url: (n) => settings.databaseUrl(`sluice_${n}`),
    statementsPerSecond: settings.statementsPerSecond,
    pullSize: 10,
  }),
  createTables: true,
  types: {
    user: { shardBy: hash('id'), key: ['id'], tables: [users] },
    board: { shardBy: hash('userId'), key: ['id'], tables: [boards] },
    pin: {
      shardBy: hash('userId'),
      key: ['id'],
      tables: [
        pins,
        { table: boardPins, map: { pinId: 'id' }, on: ['create', 'upsert', 'update', 'delete'] },
      ],
      rowsPerStatement: { create: 500, update: 1000, delete: 2000 },
    },
  },
}))
