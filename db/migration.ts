import { sql } from 'drizzle-orm'
import { getTableConfig, type MySqlColumn, type MySqlTable } from 'drizzle-orm/mysql-core'
import type { Offset, ShardId } from '../core/position.ts'
import { columnDdl, quoteName, quoteText } from './ddl-column.ts'
import { tableDdl } from './ddl-table.ts'
import type { ShardIdentity } from './identity.ts'
import type { LiveTable } from './live-tables.ts'
import {
  audit,
  failures,
  identity,
  offsets,
  outcomes,
  positions,
  requests,
  sluiceTables,
} from './schema.ts'
import { databaseOf, type ShardAddress } from './shard-address.ts'
import { textOf } from './sql-text.ts'
import type { DatabaseType } from './types/database-type.ts'

/** What the config asks the shards to be. */
export interface MigrationPlan {
  readonly cluster: string
  readonly map: string
  readonly topic: string
  readonly logId: string
  readonly shards: readonly ShardAddress[]
  /** Where a shard without a position begins: the earliest offset that its log holds. */
  readonly earliest: (shard: ShardId) => Offset
  /** Tables that Sluice makes itself, parents first; all others are their owner's. */
  readonly ownTables: readonly MySqlTable[]
  /** What will be written: checked against the tables that are there. */
  readonly types: readonly DatabaseType[]
  /** The longest statement, in bytes; the server's max_allowed_packet must be above. */
  readonly packetBytes?: number
}

/** A table to make, and how. */
export interface TableToMake {
  readonly table: MySqlTable
  readonly name: string
  readonly ddl: string
}

/** Sluice's tables, then the config's own, parents first. */
export function tablesToMake({ ownTables, types }: MigrationPlan): readonly TableToMake[] {
  const exact = exactColumns(ownTables, types)
  return [
    ...sluiceTables.map((table) => toMake(table, () => true)),
    ...ownTables.map((table) => toMake(table, (column) => exact.has(column))),
  ]
}

/** The columns that Sluice's tables of an earlier version lack. Tables of the config are not altered. */
export function columnsToAdd(
  live: ReadonlyMap<string, LiveTable>,
): readonly { readonly table: string; readonly column: string; readonly ddl: string }[] {
  return sluiceTables.flatMap((sluiceTable) => {
    const { name: table, columns } = getTableConfig(sluiceTable)
    const found = live.get(table)
    const missing = found ? columns.filter(({ name }) => !found.columns.has(name)) : []
    return missing.map((column) => ({
      table,
      column: column.name,
      ddl: `ALTER TABLE ${quoteName(table)} ADD COLUMN ${columnDdl(column, true)}`,
    }))
  })
}

export function createDatabase(address: ShardAddress): string {
  return `CREATE DATABASE IF NOT EXISTS ${quoteName(databaseOf(address))} CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci`
}

export function insertIdentity({ cluster, shard, map }: ShardIdentity): string {
  return textOf(
    sql`INSERT INTO ${identity} (id, cluster, shard, map) VALUES (1, ${text(cluster)}, ${sql.raw(String(shard))}, ${text(map)})`,
  )
}

/** The first position of a shard. No epoch is empty, so that only a claim can move it. */
export function insertOffsets({ topic, logId, earliest }: MigrationPlan, shard: ShardId): string {
  const start = sql.raw(`${shard}`)
  return textOf(
    sql`INSERT INTO ${offsets} (topic, partition_id, log_id, epoch, next_offset, next_operation, owner, updated_at) VALUES (${text(topic)}, ${start}, ${text(logId)}, '', ${sql.raw(String(earliest(shard)))}, 0, '', UTC_TIMESTAMP(3))`,
  )
}

/** What the accounts of migration, workers and APIs must be allowed, for a DBA to run. */
export function grants(plan: MigrationPlan, address: ShardAddress): readonly string[] {
  const database = quoteName(databaseOf(address))
  const written = new Set(plan.types.flatMap((type) => type.databaseTables.map(({ name }) => name)))
  const on = (table: string) => `${database}.${quoteName(table)}`
  const nameOf = (table: MySqlTable) => getTableConfig(table).name
  return [
    // TRIGGER, since MySQL hides triggers from accounts without it, and they must be looked at.
    `GRANT CREATE, REFERENCES, SELECT, INSERT, TRIGGER ON ${database}.* TO 'sluice_migrate'@'%'`,
    // A later version may add columns to what is Sluice's own.
    ...sluiceTables.map((table) => `GRANT ALTER ON ${on(nameOf(table))} TO 'sluice_migrate'@'%'`),
    ...[...written].map(
      (table) => `GRANT SELECT, INSERT, UPDATE, DELETE ON ${on(table)} TO 'sluice_worker'@'%'`,
    ),
    `GRANT SELECT ON ${on(nameOf(identity))} TO 'sluice_worker'@'%'`,
    // INSERT, since an operator's set-position puts back a row that is gone.
    `GRANT SELECT, INSERT, UPDATE ON ${on(nameOf(offsets))} TO 'sluice_worker'@'%'`,
    `GRANT SELECT, INSERT, DELETE ON ${on(nameOf(positions))} TO 'sluice_worker'@'%'`,
    ...[failures, outcomes, requests].map(
      (table) =>
        `GRANT SELECT, INSERT, UPDATE, DELETE ON ${on(nameOf(table))} TO 'sluice_worker'@'%'`,
    ),
    // Operators repair with the worker's account: only that may end a connection of a worker's.
    `GRANT SELECT, INSERT ON ${on(nameOf(audit))} TO 'sluice_worker'@'%'`,
    ...[offsets, failures, outcomes].map(
      (table) => `GRANT SELECT ON ${on(nameOf(table))} TO 'sluice_api'@'%'`,
    ),
  ]
}

/** All of it as a script: what `npm run migrate` does to empty shards, and the grants. */
export function printMigration(plan: MigrationPlan): string {
  const tables = tablesToMake(plan)
  const statements = plan.shards.flatMap((address) => [
    `-- shard ${address.shard}`,
    `${createDatabase(address)};`,
    `USE ${quoteName(databaseOf(address))};`,
    ...tables.map(({ ddl }) => `${ddl};`),
    `${insertOffsets(plan, address.shard)};`,
    `${insertIdentity({ ...plan, shard: address.shard })};`,
    ...grants(plan, address).map((grant) => `${grant};`),
  ])
  return `${statements.join('\n')}\n`
}

function toMake(table: MySqlTable, isExact: (column: MySqlColumn) => boolean): TableToMake {
  return { table, name: getTableConfig(table).name, ddl: tableDdl(table, isExact) }
}

/** Key columns, and the columns of foreign keys to them, which MySQL wants alike. */
function exactColumns(
  tables: readonly MySqlTable[],
  types: readonly DatabaseType[],
): ReadonlySet<MySqlColumn> {
  const keys = types.flatMap(({ databaseTables }) =>
    databaseTables.flatMap(({ columns }) => columns.filter(({ role }) => role === 'key')),
  )
  const exact = new Set(keys.map(({ column }) => column))
  for (const foreignKey of tables.flatMap((table) => getTableConfig(table).foreignKeys)) {
    const { columns, foreignColumns } = foreignKey.reference()
    for (const [i, column] of columns.entries())
      if (exact.has(foreignColumns[i]!)) exact.add(column)
  }
  return exact
}

function text(value: string) {
  return sql.raw(quoteText(value))
}
