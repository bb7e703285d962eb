import type { SQL } from 'drizzle-orm'
import type { MySqlColumn, MySqlTable } from 'drizzle-orm/mysql-core'
import type { ObjectType } from '../../core/object-type.ts'
import type { JsonValue } from '../../core/operation.ts'
import type { Literal } from '../columns/literal.ts'

/** An object type with its tables: what the core sees, and what the statements are made from. */
export interface DatabaseType extends ObjectType {
  /** In the order of declaration; `ObjectType.tables` and `Statement.table` are indexes into it. */
  readonly databaseTables: readonly DatabaseTable[]
}

/** One table of a type, its columns mapped to the type's properties. */
export interface DatabaseTable {
  readonly table: MySqlTable
  /** The name in MySQL. */
  readonly name: string
  /** The columns that Sluice writes, generated ones left out; key columns first. */
  readonly columns: readonly DatabaseColumn[]
}

export interface DatabaseColumn {
  readonly column: MySqlColumn
  /** The name in MySQL. */
  readonly name: string
  /** The property of the type's object that fills it. */
  readonly property: string
  /** `key` and `shard` columns are matched and never set; `value` columns are set. */
  readonly role: 'key' | 'shard' | 'value'
  /** The type to declare in JSON_TABLE's COLUMNS, exact for the column's values: `BIGINT UNSIGNED`. */
  readonly jsonType: string
  /** The SQL literal of a value as the statement's parameter would have it. */
  readonly literal: Literal
  /**
   * From the canonical wire value to the JSON value in a statement's parameter, by the column's own
   * encoder; undefined where they are the same, so that rows need not be copied.
   */
  readonly encode?: (value: JsonValue) => JsonValue
  /** From JSON_TABLE's column to the column's type (`FROM_BASE64(…)`); undefined where it is direct. */
  readonly fromJson?: (value: SQL) => SQL
}
