import type { MySqlTable } from 'drizzle-orm/mysql-core'
import type { OperationKind } from '../core/operation.ts'
import type { MessageLimits } from '../core/shard-batching.ts'
import type { ShardRoute } from '../db/types/shard-route.ts'
import type { ApiSettings } from './api-settings.ts'
import type { ShardsDefinition } from './shards.ts'
import type { WorkerSettings } from './worker-settings.ts'

/** A table of a type, by itself or with what it needs said. */
export type TableEntry =
  | MySqlTable
  | {
      readonly table: MySqlTable
      /** From the table's property names to the type's: `{ pinId: 'id' }`. */
      readonly map?: Readonly<Record<string, string>>
      /** The kinds of operations that write it; all unless said otherwise. */
      readonly on?: readonly OperationKind[]
    }

/** A type's tables, the first of which decides whether an object exists. */
export type TableEntries = readonly TableEntry[]

type ColumnOf<Table extends MySqlTable> = keyof Table['_']['columns'] & string

/** The properties of an object whose tables these are. */
export type PropertyOf<Entry> = Entry extends MySqlTable
  ? ColumnOf<Entry>
  : Entry extends { readonly table: infer Table extends MySqlTable }
    ? Entry extends { readonly map: infer Names }
      ? { [C in ColumnOf<Table>]: C extends keyof Names ? Names[C] & string : C }[ColumnOf<Table>]
      : ColumnOf<Table>
    : never

/** Refuses names in `map` that are no columns of the table, and members that are no settings. */
type CheckedEntry<Entry> = Entry extends MySqlTable
  ? unknown
  : Entry extends { readonly table: infer Table extends MySqlTable }
    ? {
        readonly [Member in keyof Entry]: Member extends 'map'
          ? { readonly [C in keyof Entry[Member]]: C extends ColumnOf<Table> ? string : never }
          : Member extends 'table' | 'on'
            ? Entry[Member]
            : never
      }
    : unknown

export interface TypeConfig<Tables extends TableEntries = TableEntries> {
  /** The way to an object's shard: `hash('userId')`. */
  readonly shardBy: ShardRoute<PropertyOf<Tables[number]>>
  /** The properties that tell objects of one shard apart. Every table has a unique key of them alone. */
  readonly key: readonly PropertyOf<Tables[number]>[]
  readonly tables: Tables & { readonly [I in keyof Tables]: CheckedEntry<Tables[I]> }
  /** Rows of one statement, at most; 1,000 unless said otherwise. */
  readonly rowsPerStatement?: { readonly [Kind in OperationKind]?: number }
  /** Keeps log order among different objects too, and merges nothing. */
  readonly ordered?: boolean
  /** The property that guards against older writes: an operation applies over lower ones only. */
  readonly version?: PropertyOf<Tables[number]>
}

export interface ConfigShape<Types extends Readonly<Record<string, TableEntries>>> {
  readonly shards: ShardsDefinition
  /** By name, parents before children. */
  readonly types: { readonly [Name in keyof Types]: TypeConfig<Types[Name]> }
  /** Whether migration makes the types' tables too; else they are their owner's. */
  readonly createTables?: boolean
  readonly worker?: Partial<WorkerSettings>
  readonly api?: ApiSettings
  readonly messages?: Partial<MessageLimits>
}

/** What a config may take from the environment. */
export interface ConfigSettings {
  /** SLUICE_SHARDS. */
  readonly shards: number
  /** SLUICE_STATEMENTS_PER_SECOND; 0 is no limit. */
  readonly statementsPerSecond: number
  /** The URL of a database on SLUICE_MYSQL_URL's server; undefined if no server is known. */
  databaseUrl(database: string): string | undefined
}

/** Marks what `defineConfig` made, also where a config file loaded another copy of this module. */
export const configMark = Symbol.for('sluice.config')

export interface ConfigDefinition {
  readonly [configMark]: (settings: ConfigSettings) => unknown
}

/** A config file's default export. A function gets what the environment says. */
export function defineConfig<const Types extends Readonly<Record<string, TableEntries>>>(
  config: ConfigShape<Types> | ((settings: ConfigSettings) => ConfigShape<Types>),
): ConfigDefinition {
  return { [configMark]: typeof config === 'function' ? config : () => config }
}
