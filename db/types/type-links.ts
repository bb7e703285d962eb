import { getTableColumns } from 'drizzle-orm'
import type { MySqlColumn, MySqlTable } from 'drizzle-orm/mysql-core'
import type { ParentLink } from '../../core/object-type.ts'
import { codecOf } from '../columns/codec.ts'
import { constraintsOf, type ForeignKeyConstraint } from './table-constraints.ts'
import type { TableDefinition, TypeDefinition } from './type-definition.ts'

/** The foreign keys among the types of a config, by the types' names. */
export interface TypeLinks {
  /** The tables at either end of a foreign key that any type declares. */
  readonly tied: ReadonlySet<MySqlTable>
  /** Whether a foreign key leads to or from other objects of types. */
  isLinked(type: string): boolean
  parentsOf(type: string): readonly ParentLink[]
  /** Properties besides the key that foreign keys lead to. */
  referencedOf(type: string): readonly string[]
  /** The types that a cascade from this one may reach, over others too. */
  cascadesOf(type: string): readonly string[]
}

interface Link extends ParentLink {
  readonly child: string
  readonly referenced: readonly string[]
  readonly cascades: boolean
}

export function linkTypes(definitions: readonly TypeDefinition[]): TypeLinks {
  const owners = new Map<MySqlTable, Owner>()
  for (const type of definitions) {
    for (const definition of type.tables) owners.set(definition.table, { type, definition })
  }
  const tied = new Set<MySqlTable>()
  const links: Link[] = []
  for (const [table, child] of owners) {
    for (const key of constraintsOf(table).foreignKeys) {
      tied.add(table)
      tied.add(key.parent)
      const parent = owners.get(key.parent)
      const link = parent && linkOf(key, child, parent)
      if (link) links.push(link)
    }
  }
  const ofChild = Map.groupBy(links, ({ child }) => child)
  const ofParent = Map.groupBy(links, ({ parent }) => parent)
  return {
    tied,
    isLinked: (type) => ofChild.has(type) || ofParent.has(type),
    parentsOf: (type) => ofChild.get(type) ?? [],
    referencedOf: (type) => (ofParent.get(type) ?? []).flatMap(({ referenced }) => referenced),
    cascadesOf: (type) => [...reached(type, ofParent)],
  }
}

interface Owner {
  readonly type: TypeDefinition
  readonly definition: TableDefinition
}

/** Undefined for a foreign key between the tables of one and the same object. */
function linkOf(key: ForeignKeyConstraint, child: Owner, parent: Owner): Link | undefined {
  const ends = key.columns.map((column, i) => {
    const parentColumn = key.parentColumns[i]!
    return {
      property: propertyOf(child.definition, column),
      leadsTo: propertyOf(parent.definition, parentColumn),
      isAlike: formOf(column) === formOf(parentColumn),
    }
  })
  const isSameObject =
    child.type === parent.type && ends.every(({ property, leadsTo }) => property === leadsTo)
  if (isSameObject) return undefined
  const parentKey = parent.type.key
  const place = (property: string) => parentKey.indexOf(property)
  ends.sort((a, b) => place(a.leadsTo) - place(b.leadsTo))
  const isKey =
    ends.length === parentKey.length && ends.every(({ leadsTo }, i) => leadsTo === parentKey[i])
  return {
    child: child.type.name,
    parent: parent.type.name,
    properties: ends.map(({ property }) => property),
    changeable: valuesAmong(
      child.type,
      ends.map(({ property }) => property),
    ),
    isByKey: isKey && ends.every(({ isAlike }) => isAlike),
    referenced: valuesAmong(
      parent.type,
      ends.map(({ leadsTo }) => leadsTo),
    ),
    cascades: key.cascades,
  }
}

/** Those that operations may change. */
function valuesAmong({ key, shardBy }: TypeDefinition, properties: readonly string[]): string[] {
  return properties.filter((name) => !key.includes(name) && !shardBy.properties.includes(name))
}

function propertyOf({ table, map }: TableDefinition, { name }: MySqlColumn): string {
  const columns = Object.entries(getTableColumns(table))
  const [own] = columns.find(([, column]) => column.name === name) ?? [name]
  return Object.hasOwn(map, own) ? map[own]! : own
}

function formOf(column: MySqlColumn): string | undefined {
  const codec = codecOf(column)
  return 'unsupported' in codec || !codec.compare ? undefined : codec.form
}

function reached(type: string, ofParent: ReadonlyMap<string, readonly Link[]>): Set<string> {
  const found = new Set<string>()
  const visit = (parent: string) => {
    for (const { child, cascades } of ofParent.get(parent) ?? []) {
      if (!cascades || found.has(child)) continue
      found.add(child)
      visit(child)
    }
  }
  visit(type)
  return found
}
