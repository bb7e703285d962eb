import { Buffer } from 'node:buffer'
import { is, SQL } from 'drizzle-orm'
import type { MySqlColumn } from 'drizzle-orm/mysql-core'
import type { JsonValue } from '../core/operation.ts'
import { codecOf } from './columns/codec.ts'
import { programValues } from './columns/program-value.ts'
import type { SqlType } from './columns/sql-type.ts'
import { parseSqlType } from './columns/sql-type.ts'
import type { LiveColumn, LiveTable } from './live-tables.ts'
import { namesQuoted } from './quoted-names.ts'
import type { DatabaseColumn, DatabaseType } from './types/database-type.ts'

/**
 * What in the columns of a type's table would store other values than the config says, or than
 * one operation after the other would. What only makes rows fail, and say so, is let through.
 */
export function problemsOfColumns(type: DatabaseType, index: number, live: LiveTable): string[] {
  const { name: table, columns } = type.databaseTables[index]!
  const isInserted = type.tables.create.includes(index) || type.tables.upsert.includes(index)
  const written = new Map(columns.map((column) => [column.name, column]))
  const problems: string[] = []
  for (const column of live.columns.values()) {
    const where = `column ${table}.${column.name}`
    const declared = written.get(column.name)
    const report = (problem: string | undefined) => {
      if (problem !== undefined) problems.push(`${where} ${problem}`)
    }
    if (declared) {
      report(typeProblem(declared.column, column))
      if (isInserted) report(defaultProblem(declared, column))
    } else if (isInserted) {
      report(undeclaredProblem(column))
    }
    if (type.mergeable && !type.ordered) report(changeProblem(type, column))
  }
  return problems
}

/** Types whose values are kept alike, each under one name. */
const families: Readonly<Record<string, string>> = {
  tinyint: 'integer',
  smallint: 'integer',
  mediumint: 'integer',
  int: 'integer',
  bigint: 'integer',
  serial: 'integer',
  boolean: 'integer',
  real: 'double',
  varchar: 'text',
  tinytext: 'text',
  mediumtext: 'text',
  longtext: 'text',
  varbinary: 'blob',
  tinyblob: 'blob',
  mediumblob: 'blob',
  longblob: 'blob',
}
const fractional: ReadonlySet<string> = new Set(['datetime', 'timestamp', 'time'])

/** A type that would round, cut, pad or compute a value without an error. */
export function typeProblem(column: MySqlColumn, live: LiveColumn): string | undefined {
  if (live.generated !== undefined) {
    return 'is computed by MySQL: declare it with generatedAlwaysAs()'
  }
  const declared = column.getSQLType()
  const expected = parseSqlType(declared)
  const found = parseSqlType(live.type)
  if (!expected || !found) return undefined
  if (familyOf(expected) !== familyOf(found) || digitsOf(found) < digitsOf(expected)) {
    return `has the type ${live.type}, expected ${declared}: values would be stored as others`
  }
  if (live.charset !== undefined && live.charset !== 'utf8mb4' && live.charset !== 'binary') {
    return `has the character set ${live.charset}, expected utf8mb4: not all texts fit`
  }
  return undefined
}

/** FLOAT(7,3) rounds; FLOAT(25) is a double. */
function familyOf({ name, sizes }: SqlType): string {
  const isFloating = name === 'float' || name === 'double' || name === 'real'
  if (isFloating && sizes.length > 1) return `${families[name] ?? name} of ${sizes.join()}`
  if (name === 'float' && (sizes[0] ?? 0) > 24) return 'double'
  return families[name] ?? name
}

/** Digits that are kept behind the point. */
function digitsOf({ name, sizes }: SqlType): number {
  if (name === 'decimal') return sizes[1] ?? 0
  return fractional.has(name) ? (sizes[0] ?? 0) : 0
}

/** An absent column gets what the config says, where a plain INSERT would get what MySQL has. */
function defaultProblem({ column }: DatabaseColumn, live: LiveColumn): string | undefined {
  const { default: declared, defaultFn, onUpdateFn } = column
  if (defaultFn || onUpdateFn || is(declared, SQL)) return undefined
  if (/auto_increment/i.test(live.extra)) return undefined
  const isExpression = /DEFAULT_GENERATED/i.test(live.extra)
  if (declared === undefined) {
    if (live.default === undefined) return undefined
    // A NOT NULL column without a declared default is never absent.
    if (column.notNull && !column.hasDefault) return undefined
    return `has the default ${live.default}, which the config does not declare: add .default() to it`
  }
  const expected = programValues(column)(declared)
  if (live.default === undefined) {
    return expected === null ? undefined : 'has no default, though the config declares one'
  }
  if (isExpression) return undefined
  const found = wireDefault(column, live.default)
  if (found === undefined || found === expected) return undefined
  return `has the default ${live.default}, and the config declares another`
}

/** A default as MySQL shows it, as a canonical value; undefined where that can't be told. */
function wireDefault(column: MySqlColumn, text: string): JsonValue | undefined {
  const codec = codecOf(column)
  if ('unsupported' in codec || codec.encode) return undefined
  // INFORMATION_SCHEMA shows characters of four bytes as question marks.
  if (text.includes('?')) return undefined
  const name = parseSqlType(column.getSQLType())?.name
  if (name === 'boolean') return codec.accept(text !== '0')
  if (name === 'float' || name === 'double' || name === 'real') return codec.accept(Number(text))
  if (name === 'datetime' || name === 'timestamp') return codec.accept(`${text.replace(' ', 'T')}Z`)
  if (/binary/.test(name ?? '') && /^0x/i.test(text)) {
    return codec.accept(Buffer.from(text.slice(2), 'hex').toString('base64'))
  }
  return codec.accept(text)
}

function undeclaredProblem(live: LiveColumn): string | undefined {
  const isFilled = live.isNullable || live.default !== undefined || live.extra !== ''
  if (isFilled || live.generated !== undefined) return undefined
  return 'is NOT NULL without a default, and the config does not declare it: no row could be inserted'
}

/** What changes by itself when operations are merged into fewer writes. */
function changeProblem({ name }: DatabaseType, live: LiveColumn): string | undefined {
  const remedy = `or set ordered: true for type ${name}`
  if (/on update/i.test(live.extra)) {
    return `has ON UPDATE, which the config does not declare: add .onUpdateNow() to it, ${remedy}`
  }
  const isComputed = /DEFAULT_GENERATED/i.test(live.extra) && namesQuoted(live.default).length > 0
  if (!isComputed) return undefined
  return `has a default computed from other columns, which the config does not declare: add .default(sql\`…\`) to it, ${remedy}`
}
