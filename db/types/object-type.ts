import { getTableName } from 'drizzle-orm'
import type { MySqlTable } from 'drizzle-orm/mysql-core'
import type { JsonValue, OperationKind, WireObject } from '../../core/operation.ts'
import type { DatabaseType } from './database-type.ts'
import { checkType } from './object-type-check.ts'
import { compileParser } from './object-type-parse.ts'
import type { CompiledProperty } from './object-type-properties.ts'
import { byKind, compileProperties } from './object-type-properties.ts'
import { compileTable } from './object-type-tables.ts'
import type { ReportProblem, TypeDefinition } from './type-definition.ts'
import type { TypeLinks } from './type-links.ts'
import { linkTypes } from './type-links.ts'

/**
 * Compiles the declared types. Contradictions are reported, all of them; where there is any, the
 * types must not be used.
 */
export function compileTypes(
  definitions: readonly TypeDefinition[],
  shards: number,
  report: ReportProblem,
): ReadonlyMap<string, DatabaseType> {
  const links = linkTypes(definitions)
  const types = new Map<string, DatabaseType>()
  const owners = new Map<MySqlTable, string>()
  definitions.forEach((definition, ordinal) => {
    const reportHere: ReportProblem = (message) => report(`type ${definition.name}: ${message}`)
    for (const { table } of definition.tables) {
      const owner = owners.get(table)
      if (owner === undefined) owners.set(table, definition.name)
      else reportHere(`its table belongs to ${owner} already: two types can't keep a row's order`)
    }
    types.set(definition.name, compileType(definition, ordinal, shards, links, reportHere))
  })
  return types
}

function compileType(
  definition: TypeDefinition,
  ordinal: number,
  shards: number,
  links: TypeLinks,
  report: ReportProblem,
): DatabaseType {
  const { name, key, version, shardBy, ordered, rowsPerStatement } = definition
  const tables = definition.tables.map((table) =>
    compileTable(definition, table, (message) =>
      report(`table ${getTableName(table.table)}: ${message}`),
    ),
  )
  const properties = compileProperties(definition, tables, report)
  checkType(definition, tables, properties, shards, report)
  const generated = tables.flatMap((table) => table.generated)
  const parsers = byKind((kind) =>
    compileParser(kind, { name, key, version, shardBy, shards, properties, generated }),
  )
  return {
    name,
    ordinal,
    key,
    ordered,
    rowsPerStatement,
    ...(version !== undefined && { version }),
    tables: byKind((kind: OperationKind) =>
      tables.flatMap((table, index) => (table.kinds.has(kind) ? [index] : [])),
    ),
    tableNames: tables.map(({ databaseTable }) => databaseTable.name),
    databaseTables: tables.map(({ databaseTable }) => databaseTable),
    mergeable: tables.every(({ constraints }) => constraints.changesByItself === undefined),
    independent: !definition.tables.some(({ table }) => links.tied.has(table)),
    entangled: links.isLinked(name) || [...properties.values()].some(({ shared }) => shared),
    parents: links.parentsOf(name),
    referenced: links.referencedOf(name),
    cascadesTo: links.cascadesOf(name),
    properties,
    shardOf: (object) => shardBy.shardOf(object, shards),
    compareKeys: compileKeyOrder(key, properties),
    parse: (kind, object, by, issues) => parsers[kind](object, by, issues),
  }
}

function compileKeyOrder(
  key: readonly string[],
  properties: ReadonlyMap<string, CompiledProperty>,
): (a: WireObject, b: WireObject) => number {
  const parts = key.map((name) => ({ name, compare: properties.get(name)?.compare ?? asEqual }))
  const [only] = parts
  if (parts.length === 1 && only) {
    const { name, compare } = only
    return (a, b) => compare(a[name]!, b[name]!)
  }
  return (a, b) => {
    for (const { name, compare } of parts) {
      const order = compare(a[name]!, b[name]!)
      if (order !== 0) return order
    }
    return 0
  }
}

/** For a key that was refused. */
function asEqual(_a: JsonValue, _b: JsonValue): number {
  return 0
}
