import { Buffer } from 'node:buffer'
import { is, SQL } from 'drizzle-orm'
import type { MySqlColumn } from 'drizzle-orm/mysql-core'
import { exactCollation } from './schema.ts'
import { textOf } from './sql-text.ts'

/** MySQL takes a literal default of these only as an expression, in parentheses. */
const needsExpression = /^(?:json|(?:tiny|medium|long)?(?:text|blob)|geometry)/

/**
 * A column of CREATE TABLE, as far as Drizzle's metadata goes. `isExact`: its texts are compared as
 * bytes, trailing spaces included, as keys must be.
 */
export function columnDdl(column: MySqlColumn, isExact: boolean): string {
  const type = column.getSQLType()
  const parts = [quoteName(column.name), type]
  if (isExact && isText(type)) parts.push(`COLLATE ${exactCollation}`)
  const generated = generatedDdl(column)
  if (generated) parts.push(generated)
  if (column.notNull) parts.push('NOT NULL')
  // TIMESTAMP alone would be NOT NULL on servers without explicit_defaults_for_timestamp.
  else if (type.startsWith('timestamp')) parts.push('NULL')
  if ('autoIncrement' in column && column.autoIncrement) parts.push('AUTO_INCREMENT')
  if (column.default !== undefined) parts.push(`DEFAULT ${defaultDdl(column, type)}`)
  if ('hasOnUpdateNow' in column && column.hasOnUpdateNow) {
    parts.push(`ON UPDATE CURRENT_TIMESTAMP${/\(\d\)$/.exec(type)?.[0] ?? ''}`)
  }
  return parts.join(' ')
}

function isText(sqlType: string): boolean {
  return /^(?:var)?char|text|^enum|^set/.test(sqlType)
}

function generatedDdl({ generated }: MySqlColumn): string | undefined {
  if (!generated) return undefined
  const as = typeof generated.as === 'function' ? generated.as() : generated.as
  const expression = is(as, SQL) ? textOf(as.inlineParams()) : String(as)
  return `GENERATED ALWAYS AS (${expression}) ${generated.mode === 'stored' ? 'STORED' : 'VIRTUAL'}`
}

function defaultDdl(column: MySqlColumn, type: string): string {
  const value: unknown = column.default
  if (is(value, SQL)) {
    const text = textOf(value.inlineParams())
    return fitNow(text, type)
  }
  const literal = literalOf(value, type)
  return needsExpression.test(type) ? `(${literal})` : literal
}

/** NOW() as a default must have the column's digits; Drizzle's `defaultNow()` leaves them out. */
function fitNow(text: string, type: string): string {
  const digits = /^(?:timestamp|datetime)\((\d)\)$/.exec(type)?.[1]
  if (digits !== undefined && /^\(?now\(\)\)?$/i.test(text)) return `(now(${digits}))`
  return text
}

function literalOf(value: unknown, type: string): string {
  if (value === null) return 'NULL'
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (value instanceof Date) {
    const text = value.toISOString().slice(0, -1).replace('T', ' ')
    return quoteText(text.slice(0, dateTextLength(type)))
  }
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`
  if (typeof value === 'string' && !type.startsWith('json')) return quoteText(value)
  return quoteText(JSON.stringify(value))
}

/** MySQL would round what the column does not keep, where Drizzle's own values are cut off. */
function dateTextLength(type: string): number {
  if (type === 'date') return 'YYYY-MM-DD'.length
  const digits = Number(/\((\d)\)/.exec(type)?.[1] ?? 0)
  return 'YYYY-MM-DD hh:mm:ss'.length + (digits > 0 ? 1 + digits : 0)
}

export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

export function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
