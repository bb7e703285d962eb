import type { ObjectType, PropertyRules } from '../../core/object-type.ts'
import type { JsonValue, OperationKind, WireObject } from '../../core/operation.ts'
import { operationKinds } from '../../core/operation.ts'

/** A column as the in-memory model of MySQL knows it. Text takes any value. */
export interface ModelColumn {
  readonly role: 'key' | 'shard' | 'value'
  /** The tables that hold it. */
  readonly tables: readonly number[]
  readonly holds: 'text' | 'integer' | 'float'
  readonly default: JsonValue
  /** An integer's lowest and highest value. */
  readonly range: readonly [number, number]
  readonly unique: boolean
  /** The type whose key it refers to; null refers to nothing. */
  readonly references?: string
  readonly onDelete: 'restrict' | 'cascade'
  /** MySQL adds one at each change of the row, as ON UPDATE does; no operation gives it. */
  readonly countsChanges: boolean
}

export interface ModelType extends ObjectType {
  readonly columns: ReadonlyMap<string, ModelColumn>
  /** Columns that are unique together. */
  readonly uniqueTogether: readonly string[]
  readonly check?: (row: WireObject) => boolean
}

export interface ModelTypeSettings {
  readonly name: string
  readonly ordinal: number
  readonly key: readonly string[]
  readonly tables?: Partial<Record<OperationKind, readonly number[]>>
  /** Beside the key and `userId`, which every table holds. */
  readonly columns: Readonly<Record<string, Partial<ModelColumn>>>
  readonly version?: string
  readonly ordered?: boolean
  readonly independent?: boolean
  readonly cascadesTo?: readonly string[]
  readonly uniqueTogether?: readonly string[]
  readonly check?: { readonly columns: readonly string[]; holds(row: WireObject): boolean }
}

const plainColumn: ModelColumn = {
  role: 'value',
  tables: [0],
  holds: 'text',
  default: null,
  range: [0, 9],
  unique: false,
  onDelete: 'restrict',
  countsChanges: false,
}

/** Makes a type for the model, and what the core is told about it. */
export function modelType(settings: ModelTypeSettings): ModelType {
  const { name, ordinal, key, version, ordered = false, independent = true } = settings
  const tables = tablesPerKind(settings.tables)
  const allTables = [...new Set(operationKinds.flatMap((kind) => tables[kind]))]
  const columns = new Map<string, ModelColumn>()
  for (const property of key) {
    columns.set(property, { ...plainColumn, role: 'key', tables: allTables })
  }
  columns.set('userId', { ...plainColumn, role: 'shard', tables: allTables })
  for (const [property, column] of Object.entries(settings.columns)) {
    columns.set(property, { ...plainColumn, ...column })
  }
  const shared = new Set([
    ...[...columns].filter(([, c]) => c.unique || c.references).map(([property]) => property),
    ...(settings.uniqueTogether ?? []),
  ])
  const constrained = new Set([...shared, ...(settings.check?.columns ?? [])])
  return {
    name,
    ordinal,
    key,
    tables,
    tableNames: allTables.map((table) => `${name}_${table}`),
    rowsPerStatement: withRowsPerStatement(1000),
    ordered,
    ...(version === undefined ? {} : { version }),
    mergeable: ![...columns.values()].some(({ countsChanges }) => countsChanges),
    independent,
    entangled: shared.size > 0 || !independent,
    parents: [...columns].flatMap(([property, { references }]) => {
      const properties = [property]
      return references
        ? [{ parent: references, properties, changeable: properties, isByKey: true }]
        : []
    }),
    referenced: [],
    cascadesTo: settings.cascadesTo ?? [],
    properties: new Map(
      [...columns].map(([property, column]) => [
        property,
        rulesOf(column, tables, constrained.has(property), shared.has(property)),
      ]),
    ),
    columns,
    uniqueTogether: settings.uniqueTogether ?? [],
    ...(settings.check ? { check: settings.check.holds } : {}),
    shardOf: () => 0,
    compareKeys: (a, b) => compareTexts(keyText({ key }, a), keyText({ key }, b)),
    parse: () => {
      throw new Error('the model takes operations that are valid already')
    },
  }
}

/** The same number of rows per statement for every kind. */
export function withRowsPerStatement(rows: number): Record<OperationKind, number> {
  return { create: rows, upsert: rows, update: rows, increment: rows, delete: rows }
}

/** An object's key as a text, whatever else the object holds. */
export function keyText({ key }: Pick<ModelType, 'key'>, object: WireObject): string {
  return key.map((property) => String(object[property])).join('|')
}

function tablesPerKind(
  given: ModelTypeSettings['tables'],
): Record<OperationKind, readonly number[]> {
  const all = { create: [0], upsert: [0], update: [0], increment: [0], delete: [0] }
  return { ...all, ...given }
}

function rulesOf(
  column: ModelColumn,
  tables: Readonly<Record<OperationKind, readonly number[]>>,
  constrained: boolean,
  shared: boolean,
): PropertyRules {
  const within = (kind: OperationKind) =>
    tables[kind].filter((table) => column.tables.includes(table)).join()
  return {
    role: column.role,
    constrained,
    shared,
    additive: column.holds === 'integer',
    tables: {
      create: within('create'),
      upsert: within('upsert'),
      update: within('update'),
      increment: within('increment'),
      delete: within('delete'),
    },
    compare: (a, b) => Number(a) - Number(b),
  }
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
