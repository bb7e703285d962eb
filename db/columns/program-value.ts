import type { MySqlColumn } from 'drizzle-orm/mysql-core'
import type { JsonValue } from '../../core/operation.ts'
import { codecOf } from './codec.ts'
import { wireValueOf } from './custom.ts'
import { parseSqlType } from './sql-type.ts'

/**
 * From values as the program has them in Drizzle (what `.default()`, `$defaultFn` and `$onUpdateFn`
 * give) to the canonical wire value. Throws a TypeError for a value that the column can't hold.
 */
export function programValues(column: MySqlColumn): (value: unknown) => JsonValue {
  const codec = codecOf(column)
  if ('unsupported' in codec) throw new TypeError(`column ${column.name}: ${codec.unsupported}`)
  const dateText = dateTextOf(column)
  return (value) => {
    if (value === null || value === undefined) return null
    const wire = codec.encode
      ? value
      : value instanceof Date
        ? dateText(value)
        : wireValueOf(value, codec)
    const canonical = codec.accept(wire)
    if (canonical === undefined) {
      throw new TypeError(`column ${column.name}: its default must be ${codec.expected}`)
    }
    return canonical
  }
}

/** A Date has milliseconds whatever the column keeps; as Drizzle and MySQL do, the rest is cut off. */
function dateTextOf(column: MySqlColumn): (date: Date) => string {
  const type = parseSqlType(column.getSQLType())
  if (type?.name === 'date') return (date) => date.toISOString().slice(0, 10)
  const digits = type?.sizes[0] ?? 0
  return (date) => {
    const text = date.toISOString()
    return `${text.slice(0, digits > 0 ? 20 + digits : 19).replace('Z', '')}Z`
  }
}
