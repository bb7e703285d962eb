import type { PropertyRules } from '../../core/object-type.ts'
import type { JsonValue, OperationKind } from '../../core/operation.ts'
import { operationKinds } from '../../core/operation.ts'
import type { AmountRule, ValueRule } from '../columns/column.ts'
import type { CompiledColumn, CompiledTable } from './object-type-tables.ts'
import type { ReportProblem, TypeDefinition } from './type-definition.ts'

/** A property of a type over all the tables that hold it. */
export interface CompiledProperty extends PropertyRules {
  readonly name: string
  readonly value: ValueRule
  readonly amount: AmountRule | undefined
  readonly isNullable: boolean
  /** Whether an insert needs it, by kind. */
  readonly isRequired: Readonly<Record<OperationKind, boolean>>
}

export function compileProperties(
  type: TypeDefinition,
  tables: readonly CompiledTable[],
  report: ReportProblem,
): ReadonlyMap<string, CompiledProperty> {
  const holders = new Map<string, Holder[]>()
  tables.forEach((table, index) => {
    for (const column of table.columns) {
      const { property } = column.databaseColumn
      const known = holders.get(property)
      if (known) known.push({ table, index, column })
      else holders.set(property, [{ table, index, column }])
    }
  })
  const properties = new Map<string, CompiledProperty>()
  for (const [name, held] of holders) {
    properties.set(name, compileProperty(type, name, held, report))
  }
  return properties
}

interface Holder {
  readonly table: CompiledTable
  readonly index: number
  readonly column: CompiledColumn
}

function compileProperty(
  type: TypeDefinition,
  name: string,
  held: readonly Holder[],
  report: ReportProblem,
): CompiledProperty {
  const codecs = held.map(({ column }) => column.codec)
  const forms = new Set(codecs.map(({ form }) => form))
  if (forms.size > 1) {
    const found = held.map(({ table, column }) => {
      const { name: columnName, column: drizzle } = column.databaseColumn
      return `${table.databaseTable.name}.${columnName} ${drizzle.getSQLType()}`
    })
    report(`property ${name}: expected one type in all its tables, found ${found.join(', ')}`)
  }
  const { role } = held[0]!.column.databaseColumn
  const amounts = codecs.map(({ amount }) => amount)
  const amount = amounts.every((rule) => rule !== undefined) ? allOf(amounts) : undefined
  const { compare } = codecs[0]!
  return {
    name,
    role,
    value: allOf(codecs),
    amount: amount && { ...amount, isExact: amounts.every((rule) => rule?.isExact) },
    isNullable: held.every(({ column }) => column.isNullable),
    isRequired: byKind((kind) =>
      held.some(({ table, column }) => column.isRequired && table.kinds.has(kind)),
    ),
    constrained: held.some(
      ({ table, column }) =>
        isShared(type, table, column) || table.constraints.checked.has(column.databaseColumn.name),
    ),
    shared: held.some(({ table, column }) => isShared(type, table, column)),
    additive: amounts.every((rule) => rule?.isExact),
    tables: byKind((kind) => {
      const indexes = held.filter(({ table }) => table.kinds.has(kind)).map(({ index }) => index)
      return indexes.join(',')
    }),
    ...(compare && { compare: (a: JsonValue, b: JsonValue) => compare(a, b) }),
  }
}

export function byKind<T>(make: (kind: OperationKind) => T): Record<OperationKind, T> {
  const entries = operationKinds.map((kind) => [kind, make(kind)] as const)
  return Object.fromEntries(entries) as Record<OperationKind, T>
}

/**
 * Whether a unique key besides the type's own, or a foreign key, holds the column. A unique key that
 * contains the type's key adds nothing to that one.
 */
function isShared(
  type: TypeDefinition,
  { columns, constraints }: CompiledTable,
  { databaseColumn: { name } }: CompiledColumn,
): boolean {
  if (constraints.otherwiseShared.has(name)) return true
  const keyColumns = columns
    .filter(({ databaseColumn }) => type.key.includes(databaseColumn.property))
    .map(({ databaseColumn }) => databaseColumn.name)
  return constraints.uniqueKeys.some(
    (unique) =>
      unique.columns.includes(name) && !keyColumns.every((key) => unique.columns.includes(key)),
  )
}

/** What every one of the rules takes; they share the canonical form. */
function allOf<Rule extends ValueRule>(rules: readonly Rule[]): Rule {
  const [first, ...others] = [...new Map(rules.map((rule) => [rule.expected, rule])).values()]
  if (others.length === 0) return first!
  const all = [first!, ...others]
  return {
    ...first!,
    accept(value) {
      let accepted = first!.accept(value)
      for (const rule of others) {
        if (accepted === undefined) return undefined
        accepted = rule.accept(accepted)
      }
      return accepted
    },
    explain(value) {
      const refusing = all.find((rule) => rule.accept(value) === undefined)
      return refusing?.explain?.(value) ?? `must be ${(refusing ?? first!).expected}`
    },
  }
}
