import type { SQL } from 'drizzle-orm'
import { Column, getTableColumns, is, SQL as SqlClass, StringChunk } from 'drizzle-orm'
import type { ForeignKey, MySqlColumn, MySqlTable } from 'drizzle-orm/mysql-core'
import { getTableConfig } from 'drizzle-orm/mysql-core'
import { parseSqlType } from '../columns/sql-type.ts'

/** What a table's declaration says of its constraints. Columns go by their names in MySQL. */
export interface TableConstraints {
  /** The columns of each unique key, the primary one included. */
  readonly uniqueKeys: readonly UniqueKey[]
  /** Columns of foreign keys, and of unique keys over expressions and generated columns. */
  readonly otherwiseShared: ReadonlySet<string>
  /** Columns of checks. */
  readonly checked: ReadonlySet<string>
  readonly foreignKeys: readonly ForeignKeyConstraint[]
  /** Why merging operations could change the rows that come out; undefined if it can't. */
  readonly changesByItself: string | undefined
}

export interface UniqueKey {
  readonly columns: readonly string[]
}

export interface ForeignKeyConstraint {
  readonly columns: readonly MySqlColumn[]
  readonly parent: MySqlTable
  readonly parentColumns: readonly MySqlColumn[]
  /** Whether MySQL changes or deletes this table's rows by itself when the parent's go or change. */
  readonly cascades: boolean
}

export function constraintsOf(table: MySqlTable): TableConstraints {
  const config = getTableConfig(table)
  const names = Object.values(getTableColumns(table)).map(({ name }) => name)
  const uniqueKeys: UniqueKey[] = []
  const shared = new Set<string>()
  const checked = new Set<string>()

  const inline = config.columns.filter(({ primary }) => primary)
  const isImplicit = (column: (typeof config.columns)[number]) =>
    column.isUnique || parseSqlType(column.getSQLType())?.name === 'serial'
  const columnSets: (readonly { readonly name: string }[])[] = [
    ...(inline.length > 0 ? [inline] : []),
    ...config.primaryKeys.map(({ columns }) => columns),
    ...config.uniqueConstraints.map(({ columns }) => columns),
    ...config.columns.filter(isImplicit).map((column) => [column]),
  ]
  for (const columns of columnSets) uniqueKeys.push({ columns: columns.map(({ name }) => name) })
  for (const { config: index } of config.indexes) {
    if (!index.unique) continue
    const columns = index.columns.filter((part) => is(part, Column))
    if (columns.length === index.columns.length) {
      uniqueKeys.push({ columns: columns.map(({ name }) => name) })
    } else {
      for (const part of index.columns) for (const name of namesIn(part, names)) shared.add(name)
    }
  }
  for (const { value } of config.checks) for (const name of namesIn(value, names)) checked.add(name)
  const foreignKeys = config.foreignKeys.map(foreignKeyOf)
  for (const { columns } of foreignKeys) for (const { name } of columns) shared.add(name)

  const inUnique = new Set(uniqueKeys.flatMap(({ columns }) => columns))
  return {
    uniqueKeys,
    otherwiseShared: withBases(table, shared, new Set([...shared, ...inUnique]), names),
    checked: withBases(table, checked, checked, names),
    foreignKeys,
    changesByItself: changesByItself(table),
  }
}

function foreignKeyOf(key: ForeignKey): ForeignKeyConstraint {
  const { columns, foreignTable, foreignColumns } = key.reference()
  return {
    columns,
    parent: foreignTable as MySqlTable,
    parentColumns: foreignColumns,
    cascades: [key.onDelete, key.onUpdate].some((action) => action && !holdsOn.has(action)),
  }
}

const holdsOn: ReadonlySet<string> = new Set(['no action', 'restrict'])

/** The columns, and those that constrained generated columns are computed from. */
function withBases(
  table: MySqlTable,
  columns: ReadonlySet<string>,
  constrained: ReadonlySet<string>,
  names: readonly string[],
): ReadonlySet<string> {
  const all = new Set(columns)
  for (const { generated, name } of Object.values(getTableColumns(table))) {
    if (!generated || !constrained.has(name)) continue
    const from = typeof generated.as === 'function' ? generated.as() : generated.as
    for (const base of namesIn(from, names)) all.add(base)
  }
  return all
}

/** The columns that an expression names; of raw text, those whose names stand in it as words. */
function namesIn(expression: unknown, names: readonly string[]): Iterable<string> {
  const found = new Set<string>()
  visit(expression)
  return found

  function visit(part: unknown): void {
    if (is(part, Column)) found.add(part.name)
    else if (is(part, SqlClass)) for (const chunk of (part as SQL).queryChunks) visit(chunk)
    else if (is(part, StringChunk)) visit(part.value.join(''))
    else if (typeof part === 'string') {
      const words = new Set(part.toLowerCase().match(/[\w$]+/g))
      for (const name of names) if (words.has(name.toLowerCase())) found.add(name)
    }
  }
}

/** Functions that give a default without looking at the row's other columns. */
const rowless: ReadonlySet<string> = new Set([
  'now',
  'current_timestamp',
  'localtime',
  'localtimestamp',
  'utc_timestamp',
  'utc_date',
  'utc_time',
  'curdate',
  'current_date',
  'curtime',
  'current_time',
  'uuid',
  'rand',
  'json_array',
  'json_object',
])
const literal = /^\(?\s*(?:'[^']*'|-?[\d.]+|true|false|null)\s*\)?$/i

function changesByItself(table: MySqlTable): string | undefined {
  for (const column of Object.values(getTableColumns(table))) {
    const { name, default: fallback } = column
    const hasOnUpdateNow = (column as { hasOnUpdateNow?: boolean }).hasOnUpdateNow
    if (hasOnUpdateNow || parseSqlType(column.getSQLType())?.changesOnUpdate) {
      return `${name} has ON UPDATE`
    }
    if (column.onUpdateFn) return `${name} has $onUpdate`
    if (is(fallback, SqlClass) && !isConstant(fallback)) return `${name} has a computed default`
  }
  return undefined
}

function isConstant(expression: SQL): boolean {
  let text = ''
  for (const chunk of expression.queryChunks) {
    if (!is(chunk, StringChunk)) return false
    text += chunk.value.join('')
  }
  // `(now(3))` is `now`.
  return literal.test(text.trim()) || rowless.has(text.toLowerCase().replace(/[\s()\d]/g, ''))
}
