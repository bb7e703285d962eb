import type { MySqlColumn, MySqlColumnBuilderBase } from 'drizzle-orm/mysql-core'
import { customType, mysqlTable } from 'drizzle-orm/mysql-core'
import { codecOf } from '../../db/columns/codec.ts'
import type { ColumnCodec } from '../../db/columns/column.ts'
import { refusal } from '../../db/columns/column.ts'

/** A column by itself, as a table would have it. */
export function columnOf(builder: MySqlColumnBuilderBase): MySqlColumn {
  return mysqlTable('t', { c: builder }).c as unknown as MySqlColumn
}

/** The codec of a column; fails where the type is refused. */
export function codec(builder: MySqlColumnBuilderBase): ColumnCodec {
  const found = codecOf(columnOf(builder))
  if ('unsupported' in found) throw new Error(found.unsupported)
  return found
}

/** A column of a type that Drizzle has no builder for. */
export function sqlTyped(dataType: string) {
  return customType<{ data: unknown }>({ dataType: () => dataType })()
}

/** What a client is told of a value; 'accepted' if there is nothing to tell. */
export function toldOf(rule: Pick<ColumnCodec, 'expected' | 'accept' | 'explain'>, value: unknown) {
  return rule.accept(value) === undefined ? refusal(rule, value) : 'accepted'
}
