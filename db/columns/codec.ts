import type { MySqlColumn } from 'drizzle-orm/mysql-core'
import { binaryCodec } from './binary.ts'
import { booleanCodec } from './boolean.ts'
import type { ColumnCodec } from './column.ts'
import { customCodec } from './custom.ts'
import { dateCodec, dateTimeCodec } from './date-time.ts'
import { decimalCodec } from './decimal.ts'
import { floatCodec } from './float.ts'
import { bitCodec, integerCodec, yearCodec } from './integer.ts'
import { jsonCodec } from './json.ts'
import type { SqlType } from './sql-type.ts'
import { parseSqlType } from './sql-type.ts'
import { charCodec, enumCodec, setCodec, textCodec } from './text.ts'
import { timeCodec } from './time.ts'

type CodecOf = (type: SqlType, column: MySqlColumn) => ColumnCodec

const integer: CodecOf = (type, column) => integerCodec(type, column.dataType === 'number')
const char: CodecOf = (type, column) => charCodec(type, column.enumValues)
const text: CodecOf = (type, column) => textCodec(type, column.enumValues)

/** Every SQL type that Sluice writes exactly, by name. */
const codecs: Readonly<Record<string, CodecOf>> = {
  tinyint: integer,
  smallint: integer,
  mediumint: integer,
  int: integer,
  bigint: integer,
  serial: integer,
  bit: bitCodec,
  year: yearCodec,
  boolean: booleanCodec,
  decimal: (type, column) => decimalCodec(type, column.columnType === 'MySqlDecimalNumber'),
  float: floatCodec,
  double: floatCodec,
  real: floatCodec,
  char,
  varchar: char,
  tinytext: text,
  text,
  mediumtext: text,
  longtext: text,
  enum: ({ members }, column) => enumCodec(column.enumValues ?? members),
  set: ({ members }) => setCodec(members),
  binary: binaryCodec,
  varbinary: binaryCodec,
  tinyblob: binaryCodec,
  blob: binaryCodec,
  mediumblob: binaryCodec,
  longblob: binaryCodec,
  date: dateCodec,
  datetime: dateTimeCodec,
  timestamp: dateTimeCodec,
  time: timeCodec,
  json: jsonCodec,
}

const floating: ReadonlySet<string> = new Set(['float', 'double', 'real'])

/** How a column's values travel, or why it can't be supported exactly. */
export function codecOf(column: MySqlColumn): ColumnCodec | { readonly unsupported: string } {
  const declared = column.getSQLType()
  const type = parseSqlType(declared)
  const make = type && Object.hasOwn(codecs, type.name) ? codecs[type.name] : undefined
  if (!type || !make) {
    return {
      unsupported: `its type ${declared} is none that Sluice writes exactly: leave it out of the table that Sluice gets to know, or use a blob or a text`,
    }
  }
  if (column.columnType === 'MySqlDecimalBigInt' && (type.sizes[1] ?? 0) > 0) {
    return {
      unsupported: `its mode bigint can't hold the digits behind the point of ${declared}: use mode string`,
    }
  }
  if (floating.has(type.name) && type.sizes.length > 1) {
    return {
      unsupported: `its type ${declared} makes MySQL round, and how depends on the statement: use decimal, or ${type.name} without digits`,
    }
  }
  if (type.charset !== undefined && type.charset !== 'utf8mb4') {
    return { unsupported: `its character set is ${type.charset}, expected utf8mb4` }
  }
  const codec = make(type, column)
  return hasOwnEncoder(column) ? customCodec(column, codec) : codec
}

/**
 * Whether the column's type brings an encoder that its program relies on. Those of Drizzle's own
 * types (Date to text, bigint to text, JSON) only lead to what the codecs do exactly.
 */
function hasOwnEncoder(column: MySqlColumn): boolean {
  if (column.columnType !== 'MySqlCustomColumn') return false
  return typeof (column as unknown as { mapTo?: unknown }).mapTo === 'function'
}
