import { is, SQL } from 'drizzle-orm'
import {
  type ForeignKey,
  getTableConfig,
  type Index,
  type MySqlColumn,
  type MySqlTable,
} from 'drizzle-orm/mysql-core'
import { columnDdl, quoteName } from './ddl-column.ts'
import { textOf } from './sql-text.ts'

type TableConfig = ReturnType<typeof getTableConfig>

/**
 * CREATE TABLE IF NOT EXISTS for a Drizzle table: columns, keys, indexes, foreign keys and checks.
 * Texts of the columns for which `isExact` holds are compared as bytes.
 */
export function tableDdl(table: MySqlTable, isExact: (column: MySqlColumn) => boolean): string {
  const config = getTableConfig(table)
  const parts = [
    ...config.columns.map((column) => columnDdl(column, isExact(column))),
    ...primaryKeyDdl(config),
    ...uniquesDdl(config),
    ...config.indexes.map(indexDdl),
    ...config.foreignKeys.map(foreignKeyDdl),
    ...config.checks.map(
      ({ name, value }) => `CONSTRAINT ${quoteName(name)} CHECK (${textOf(value.inlineParams())})`,
    ),
  ]
  const lines = parts.map((part) => `  ${part}`).join(',\n')
  return `CREATE TABLE IF NOT EXISTS ${quoteName(config.name)} (\n${lines}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`
}

function primaryKeyDdl({ columns, primaryKeys }: TableConfig): string[] {
  const key = primaryKeys[0]?.columns ?? columns.filter(({ primary }) => primary)
  return key.length === 0 ? [] : [`PRIMARY KEY (${names(key)})`]
}

function uniquesDdl({ columns, uniqueConstraints }: TableConfig): string[] {
  const single = columns
    .filter(({ isUnique }) => isUnique)
    .map((column) => [column.uniqueName!, [column]] as const)
  const several = uniqueConstraints.map((unique) => [unique.getName()!, unique.columns] as const)
  return [...single, ...several].map(
    ([name, unique]) => `UNIQUE KEY ${quoteName(name)} (${names(unique)})`,
  )
}

function indexDdl({ config: { name, columns, unique, using } }: Index): string {
  const parts = columns.map((column) =>
    is(column, SQL) ? `(${textOf(column.inlineParams())})` : quoteName(column.name),
  )
  const kind = unique ? 'UNIQUE KEY' : 'KEY'
  return `${kind} ${quoteName(name)} (${parts.join(', ')})${using ? ` USING ${using}` : ''}`
}

function foreignKeyDdl(foreignKey: ForeignKey): string {
  const { columns, foreignTable, foreignColumns } = foreignKey.reference()
  const parent = quoteName(getTableConfig(foreignTable).name)
  const onDelete = foreignKey.onDelete ? ` ON DELETE ${foreignKey.onDelete.toUpperCase()}` : ''
  const onUpdate = foreignKey.onUpdate ? ` ON UPDATE ${foreignKey.onUpdate.toUpperCase()}` : ''
  return `CONSTRAINT ${quoteName(foreignKey.getName())} FOREIGN KEY (${names(columns)}) REFERENCES ${parent} (${names(foreignColumns)})${onDelete}${onUpdate}`
}

function names(columns: readonly { readonly name: string }[]): string {
  return columns.map(({ name }) => quoteName(name)).join(', ')
}
