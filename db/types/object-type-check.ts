import { operationKinds } from '../../core/operation.ts'
import { parseSqlType } from '../columns/sql-type.ts'
import { exactCollation } from '../schema.ts'
import type { CompiledProperty } from './object-type-properties.ts'
import type { CompiledTable } from './object-type-tables.ts'
import type { ReportProblem, TypeDefinition } from './type-definition.ts'

/** Reports what contradicts itself in a type's declaration: expected and found. */
export function checkType(
  type: TypeDefinition,
  tables: readonly CompiledTable[],
  properties: ReadonlyMap<string, CompiledProperty>,
  shards: number,
  report: ReportProblem,
): void {
  const [first] = tables
  if (!first) {
    report('expected at least one table, found none')
    return
  }
  checkKinds(first, report)
  checkKey(type, properties, report)
  for (const table of tables) checkUniqueKey(type, table, report)
  checkRoute(type, first, properties, shards, report)
  checkVersion(type, first, properties, report)
}

/** An object exists where its row in the first table is there, so each kind must write that one. */
function checkKinds(
  { databaseTable: { name }, kinds }: CompiledTable,
  report: ReportProblem,
): void {
  const missing = operationKinds.filter((kind) => !kinds.has(kind))
  if (missing.length === 0) return
  report(
    `expected its first table ${name} on every kind of operation, found none on ${missing.join(', ')}:` +
      ' an object exists where its row in the first table does',
  )
}

function checkKey(
  { key }: TypeDefinition,
  properties: ReadonlyMap<string, CompiledProperty>,
  report: ReportProblem,
): void {
  if (key.length === 0) report('expected a key of at least one property, found none')
  if (new Set(key).size < key.length) {
    report(`expected each property once in its key, found ${key.join(', ')}`)
  }
  for (const name of key) {
    const property = properties.get(name)
    if (property && !property.compare) {
      report(`key property ${name}: expected a type with exact equality, found none: ${exactTypes}`)
    }
  }
}

const exactTypes =
  'use an integer, decimal, char, varchar, binary, varbinary, date or time type, or enum'

/** Each table holds one row per object: a unique key of the type's key alone says so. */
function checkUniqueKey(type: TypeDefinition, table: CompiledTable, report: ReportProblem): void {
  const { databaseTable, columns, constraints, generated } = table
  const { name } = databaseTable
  const byProperty = new Map(columns.map((column) => [column.databaseColumn.property, column]))
  const missing = type.key.filter((property) => !byProperty.has(property))
  for (const property of missing) {
    const found = generated.includes(property) ? 'a generated one' : 'none'
    report(
      `table ${name}: expected a column for the key property ${property}, found ${found}: ${mapHint}`,
    )
  }
  if (missing.length > 0) return
  const keyColumns = type.key.map((property) => byProperty.get(property)!)
  for (const { databaseColumn, isNullable } of keyColumns) {
    if (isNullable)
      report(`table ${name}: expected key column ${databaseColumn.name} NOT NULL, found nullable`)
  }
  for (const { databaseColumn } of keyColumns) {
    const collation = parseSqlType(databaseColumn.column.getSQLType())?.collation
    if (collation === undefined || collation === exactCollation) continue
    report(
      `table ${name}: expected collation ${exactCollation} for key column ${databaseColumn.name}, found ${collation}`,
    )
  }
  const expected = keyColumns.map(({ databaseColumn }) => databaseColumn.name)
  const isThere = constraints.uniqueKeys.some(
    (unique) =>
      unique.columns.length === expected.length &&
      expected.every((column) => unique.columns.includes(column)),
  )
  if (isThere) return
  const found = constraints.uniqueKeys.map((unique) => `(${unique.columns.join(', ')})`)
  report(
    `table ${name}: expected a unique key of (${expected.join(', ')}) alone,` +
      ` found ${found.length > 0 ? found.join(', ') : 'none'}`,
  )
}

const mapHint = "name it in the table's map"

function checkRoute(
  { shardBy }: TypeDefinition,
  first: CompiledTable,
  properties: ReadonlyMap<string, CompiledProperty>,
  shards: number,
  report: ReportProblem,
): void {
  const problem = shardBy.problem?.(shards)
  if (problem) report(`shardBy ${shardBy.name}: ${problem}`)
  if (shardBy.properties.length === 0)
    report('expected a shard key of at least one property, found none')
  const { name, columns } = first.databaseTable
  for (const property of shardBy.properties) {
    const column = columns.find((candidate) => candidate.property === property)
    if (!column) {
      report(`shardBy ${shardBy.name}: expected a column for ${property} in ${name}, found none`)
    } else if (!properties.get(property)?.compare) {
      report(
        `shardBy ${shardBy.name}: expected a type with exact equality for ${property}: ${exactTypes}`,
      )
    } else if (shardBy.needsIntegers && !isInteger(column.jsonType)) {
      const found = column.column.getSQLType()
      report(`shardBy ${shardBy.name}: expected an integer column for ${property}, found ${found}`)
    }
  }
}

function checkVersion(
  { version, key, shardBy }: TypeDefinition,
  first: CompiledTable,
  properties: ReadonlyMap<string, CompiledProperty>,
  report: ReportProblem,
): void {
  if (version === undefined) return
  const { name, columns } = first.databaseTable
  const column = columns.find(({ property }) => property === version)
  const property = properties.get(version)
  const problem = (message: string) => report(`version ${version}: expected ${message}`)
  if (!column || !property) {
    problem(`a property of ${name}, one of ${columns.map((known) => known.property).join(', ')}`)
  } else if (key.includes(version) || shardBy.properties.includes(version)) {
    problem('a property that can change, found one of the key or the shard key')
  } else if (!property.compare || !isOrdered(column.jsonType)) {
    const found = column.column.getSQLType()
    problem(`an integer, decimal, date or date-time column, found ${found}`)
  } else if (property.isNullable) {
    problem('a NOT NULL column, found a nullable one')
  }
}

function isInteger(jsonType: string): boolean {
  return /^(?:(?:TINY|SMALL|MEDIUM|BIG)?INT|YEAR)\b/.test(jsonType)
}

/** Numbers, dates, and date-times, which travel as short texts. */
function isOrdered(jsonType: string): boolean {
  return isInteger(jsonType) || /^(?:DECIMAL|DATE|VARCHAR)\b/.test(jsonType)
}
