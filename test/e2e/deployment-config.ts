import { bigint, int, mysqlTable, varchar } from 'drizzle-orm/mysql-core'
import type { ConfigDefinition } from '../../config/define-config.ts'
import { defineConfig, hash, mysqlShards } from '../../config/index.ts'
import type { WorkerSettings } from '../../config/worker-settings.ts'
import type { MessageLimits } from '../../core/shard-batching.ts'
import { boardPins, boards, pins, users } from '../../tables.ts'

const id = (name: string) => bigint(name, { mode: 'bigint', unsigned: true })

const revisions = mysqlTable('revisions', {
  id: id('id').primaryKey(),
  userId: id('user_id').notNull(),
  revision: int('revision', { unsigned: true }).notNull(),
  text: varchar('text', { length: 100 }).notNull(),
})

/** What the config file of a test's deployment says; it can be written as JSON. */
export interface DeploymentConfig {
  /** The shards' databases, in the order of the shards. */
  readonly databases: readonly string[]
  readonly rowsPerStatement?: number
  /** Pins in log order, each by itself: what a trigger on them asks for. */
  readonly orderedPins?: boolean
  /** Whether there is a type besides whose objects have versions. */
  readonly revisions?: boolean
  readonly worker?: Partial<WorkerSettings>
  readonly messages?: Partial<MessageLimits>
}

/** The default config's types on other databases. */
export function deploymentConfig(given: DeploymentConfig): ConfigDefinition {
  const { databases, rowsPerStatement: rows = 1000, orderedPins = false, worker = {} } = given
  const { messages = {} } = given
  const rowsPerStatement = { create: rows, upsert: rows, update: rows, increment: rows }
  return defineConfig((settings) => ({
    shards: mysqlShards({
      count: databases.length,
      url: (n) => settings.databaseUrl(databases[n]!),
      statementsPerSecond: settings.statementsPerSecond,
    }),
    createTables: true,
    worker,
    messages,
    types: {
      user: { shardBy: hash('id'), key: ['id'], tables: [users], rowsPerStatement },
      board: { shardBy: hash('userId'), key: ['id'], tables: [boards], rowsPerStatement },
      pin: {
        shardBy: hash('userId'),
        key: ['id'],
        ordered: orderedPins,
        tables: [
          pins,
          { table: boardPins, map: { pinId: 'id' }, on: ['create', 'upsert', 'update', 'delete'] },
        ],
        rowsPerStatement,
      },
      ...(given.revisions && {
        revision: {
          shardBy: hash('userId'),
          key: ['id'],
          tables: [revisions],
          version: 'revision',
          rowsPerStatement: { upsert: rows },
        },
      }),
    },
  }))
}
