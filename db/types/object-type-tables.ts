import { getTableColumns } from 'drizzle-orm'
import type { MySqlColumn } from 'drizzle-orm/mysql-core'
import { getTableConfig } from 'drizzle-orm/mysql-core'
import type { OperationKind } from '../../core/operation.ts'
import { codecOf } from '../columns/codec.ts'
import type { ColumnCodec } from '../columns/column.ts'
import type { DatabaseColumn, DatabaseTable } from './database-type.ts'
import type { TableConstraints } from './table-constraints.ts'
import { constraintsOf } from './table-constraints.ts'
import type { ReportProblem, TableDefinition, TypeDefinition } from './type-definition.ts'

/** A type's table with what only the compilation needs to know. */
export interface CompiledTable {
  readonly databaseTable: DatabaseTable
  readonly columns: readonly CompiledColumn[]
  readonly constraints: TableConstraints
  readonly kinds: ReadonlySet<OperationKind>
  /** Properties that MySQL computes. */
  readonly generated: readonly string[]
}

export interface CompiledColumn {
  readonly databaseColumn: DatabaseColumn
  readonly codec: ColumnCodec
  readonly isNullable: boolean
  /** Whether an insert needs a value: NOT NULL, and no default. */
  readonly isRequired: boolean
}

export function compileTable(
  type: TypeDefinition,
  definition: TableDefinition,
  report: ReportProblem,
): CompiledTable {
  const { table, map } = definition
  const { name, primaryKeys } = getTableConfig(table)
  const declared = getTableColumns(table) as Readonly<Record<string, MySqlColumn>>
  for (const column of Object.keys(map)) {
    if (Object.hasOwn(declared, column)) continue
    report(`map names ${column}, expected one of ${Object.keys(declared).join(', ')}`)
  }
  const inPrimaryKey = new Set(primaryKeys.flatMap(({ columns }) => columns.map((c) => c.name)))
  const columns = new Map<string, CompiledColumn>()
  const generated: string[] = []
  for (const [ownName, column] of Object.entries(declared)) {
    const property = Object.hasOwn(map, ownName) ? map[ownName]! : ownName
    if (column.generated) {
      generated.push(property)
      continue
    }
    const codec = codecOf(column)
    if ('unsupported' in codec) {
      report(`column ${column.name}: ${codec.unsupported}`)
      continue
    }
    const other = columns.get(property)?.databaseColumn
    if (other) {
      report(
        `columns ${other.name} and ${column.name} both take the property ${property}:` +
          ' give one of them another name in map',
      )
      continue
    }
    const isNullable = !column.notNull && !inPrimaryKey.has(column.name)
    columns.set(property, {
      databaseColumn: databaseColumn(type, property, column, codec),
      codec,
      isNullable,
      // onUpdateNow() sets hasDefault, yet gives an inserted row none.
      isRequired: !isNullable && !hasDefault(column),
    })
  }
  const sorted = [...columns.values()].sort((a, b) => roleOrder(type, a) - roleOrder(type, b))
  return {
    databaseTable: { table, name, columns: sorted.map(({ databaseColumn }) => databaseColumn) },
    columns: sorted,
    constraints: constraintsOf(table),
    kinds: new Set(definition.on),
    generated,
  }
}

function databaseColumn(
  type: TypeDefinition,
  property: string,
  column: MySqlColumn,
  { jsonType, literal, encode, fromJson }: ColumnCodec,
): DatabaseColumn {
  const role = type.key.includes(property)
    ? 'key'
    : type.shardBy.properties.includes(property)
      ? 'shard'
      : 'value'
  return {
    column,
    name: column.name,
    property,
    role,
    jsonType,
    literal,
    ...(encode && { encode }),
    ...(fromJson && { fromJson }),
  }
}

function hasDefault(column: MySqlColumn): boolean {
  const { autoIncrement } = column as { autoIncrement?: boolean }
  const { default: fallback, defaultFn, onUpdateFn } = column
  return Boolean(autoIncrement || defaultFn || onUpdateFn) || fallback !== undefined
}

/** Key columns first, in the key's order; then those of the shard key. */
function roleOrder(type: TypeDefinition, { databaseColumn }: CompiledColumn): number {
  const { role, property } = databaseColumn
  if (role === 'key') return type.key.indexOf(property)
  return type.key.length + (role === 'shard' ? 0 : 1)
}
