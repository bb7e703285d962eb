import { getTableConfig } from 'drizzle-orm/mysql-core'
import type { LiveTable, LiveUnique } from './live-tables.ts'
import { namesQuoted } from './quoted-names.ts'
import type { DatabaseTable, DatabaseType } from './types/database-type.ts'
import { constraintsOf } from './types/table-constraints.ts'

type LiveTables = ReadonlyMap<string, LiveTable>

/**
 * Constraints of the live tables that the config does not declare, and with which windows could come
 * out otherwise than one operation after the other. Those that make no difference are let through.
 */
export function problemsOfConstraints(types: readonly DatabaseType[], live: LiveTables): string[] {
  const owners = new Map<string, Owner>()
  for (const type of types) {
    for (const table of type.databaseTables) owners.set(table.name, { type, table })
  }
  const problems: string[] = []
  for (const [name, owner] of owners) {
    const found = live.get(name)
    if (!found) continue
    problems.push(
      ...uniqueProblems(owner, found),
      ...checkProblems(owner, found),
      ...foreignKeyProblems(owner, found, owners),
      ...cascadeProblems(owner, live, owners),
      ...triggerProblems(owner, found, owners),
    )
  }
  return problems
}

interface Owner {
  readonly type: DatabaseType
  readonly table: DatabaseTable
}

/** A unique key lets objects decide about each other: unless it holds the type's whole key. */
function uniqueProblems({ type, table }: Owner, live: LiveTable): string[] {
  if (type.ordered) return []
  const key = table.columns.filter(({ role }) => role === 'key').map(({ name }) => name)
  return live.uniques.flatMap((unique) => {
    const whole = unique.parts.flatMap(({ column, isWhole }) => (isWhole ? [column!] : []))
    if (key.every((column) => whole.includes(column))) return []
    const columns = basesOf(columnsIn(unique), live)
    if (columns.length > 0 && columns.every((column) => isDeclared(type, table, column, 'shared')))
      return []
    return [
      `table ${table.name} has the unique key ${unique.name} (${columns.join(', ')}), which the config does not declare: operations on different objects could run in the wrong order. Declare it with unique() or uniqueIndex(), or set ordered: true for type ${type.name}`,
    ]
  })
}

function columnsIn({ parts }: LiveUnique): string[] {
  return parts.flatMap(({ column, expression }) =>
    column === undefined ? namesQuoted(expression) : [column],
  )
}

/** A check may fail a value that a later operation would overwrite unseen. */
function checkProblems({ type, table }: Owner, live: LiveTable): string[] {
  if (type.ordered || !type.mergeable) return []
  return live.checks.flatMap(({ name, clause }) => {
    const columns = basesOf(namesQuoted(clause), live)
    if (columns.every((column) => isDeclared(type, table, column, 'constrained'))) return []
    return [
      `table ${table.name} has the check ${name}, which the config does not declare: a value that it forbids could be overwritten unseen. Declare it with check(), or set ordered: true for type ${type.name}`,
    ]
  })
}

function foreignKeyProblems(
  { type, table }: Owner,
  live: LiveTable,
  owners: ReadonlyMap<string, Owner>,
): string[] {
  const declared = constraintsOf(table.table).foreignKeys
  return live.foreignKeys.flatMap((key) => {
    const parent = owners.get(key.parent)
    if (type.ordered && (!parent || parent.type.ordered)) return []
    const what = `table ${table.name} has the foreign key ${key.name} (${key.columns.join(', ')}) to ${key.parent}`
    const remedy = `set ordered: true for ${orderedFor(type, parent?.type)}`
    const same = declared.find(
      (other) =>
        getTableConfig(other.parent).name === key.parent &&
        sameNames(
          other.columns.map(({ name }) => name),
          key.columns,
        ),
    )
    if (same && (same.cascades || !key.cascades)) return []
    if (same) {
      return [
        `${what} with a cascade, which the config does not declare: give foreignKey() or references() its onDelete and onUpdate, or ${remedy}`,
      ]
    }
    const isHarmless =
      !parent && key.columns.every((column) => isDeclared(type, table, column, 'shared'))
    if (isHarmless) return []
    return [
      `${what}, which the config does not declare: children and parents could be written in the wrong order. Declare it with foreignKey() or references(), or ${remedy}`,
    ]
  })
}

function orderedFor(type: DatabaseType, parent: DatabaseType | undefined): string {
  return parent && parent !== type ? `types ${parent.name} and ${type.name}` : `type ${type.name}`
}

/** Cascades that reach another type over tables of none. */
function cascadeProblems(
  { type, table }: Owner,
  live: LiveTables,
  owners: ReadonlyMap<string, Owner>,
): string[] {
  const problems: string[] = []
  const seen = new Set([table.name])
  const visit = (parent: string, way: readonly string[]) => {
    for (const [child, { foreignKeys }] of live) {
      const isReached = foreignKeys.some((key) => key.parent === parent && key.cascades)
      if (!isReached || seen.has(child)) continue
      seen.add(child)
      const reached = owners.get(child)?.type
      // A direct one is declared, or told of as a foreign key.
      if (reached && way.length > 0 && !mayReach(type, reached)) {
        problems.push(
          `a delete from ${table.name} reaches ${child} over ${way.join(', ')}, which no type declares: set ordered: true for types ${type.name} and ${reached.name}`,
        )
      }
      if (!reached) visit(child, [...way, child])
    }
  }
  visit(table.name, [])
  return problems
}

function mayReach(from: DatabaseType, to: DatabaseType): boolean {
  return (from.ordered && to.ordered) || from.cascadesTo.includes(to.name)
}

/** What a trigger does can't be told from its text, but whom it may concern. */
function triggerProblems(
  { type, table }: Owner,
  live: LiveTable,
  owners: ReadonlyMap<string, Owner>,
): string[] {
  return live.triggers.flatMap(({ name, statement }) => {
    const words = new Set(statement.match(/[\w$]+/g))
    const concerned = [...owners.values()].filter(
      (owner) => owner.type === type || words.has(owner.table.name),
    )
    const unordered = new Set(
      concerned.filter((owner) => !owner.type.ordered).map((owner) => owner.type.name),
    )
    if (unordered.size === 0) return []
    return [
      `table ${table.name} has the trigger ${name}, which sees each write by itself and in order: set ordered: true for ${[...unordered].join(' and ')}, or drop it`,
    ]
  })
}

/** Whether the config's own constraints mark the column; a key or shard key is never overwritten. */
function isDeclared(
  type: DatabaseType,
  { columns }: DatabaseTable,
  name: string,
  as: 'shared' | 'constrained',
): boolean {
  const column = columns.find((candidate) => candidate.name === name)
  if (as === 'constrained' && column && column.role !== 'value') return true
  return column !== undefined && type.properties.get(column.property)?.[as] === true
}

/** The columns, each generated one replaced by those that it is computed from. */
function basesOf(columns: readonly string[], live: LiveTable): string[] {
  return [
    ...new Set(
      columns.flatMap((name) => {
        const generated = live.columns.get(name)?.generated
        return generated === undefined ? [name] : namesQuoted(generated)
      }),
    ),
  ]
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name))
}
