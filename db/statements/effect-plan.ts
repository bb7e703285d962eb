import type { SQL } from 'drizzle-orm'
import type { OperationKind } from '../../core/operation.ts'
import type { Effect } from '../../core/statement.ts'
import type { DatabaseColumn, DatabaseTable, DatabaseType } from '../types/database-type.ts'
import { absentValue, updateValue } from './absent-value.ts'
import { RowLayout } from './row-layout.ts'

/** A column and the slots of the tuple that fill it. */
export interface PlannedColumn extends DatabaseColumn {
  /** The slot of the value to set or to match. */
  readonly slot: number
  /** The slot of the amount to add; numeric value columns of a modify have one. */
  readonly addSlot: number | undefined
  /** What MySQL alone can put where an inserted row lacks the column. */
  readonly defaultExpression: SQL | undefined
}

export interface PlannedTable extends DatabaseTable {
  readonly columns: readonly PlannedColumn[]
  readonly key: readonly PlannedColumn[]
  readonly shard: readonly PlannedColumn[]
  readonly values: readonly PlannedColumn[]
  /** The version column and the slot of the guard, where a stored version may forbid the effect. */
  readonly guard: { readonly column: PlannedColumn; readonly slot: number } | undefined
}

/** Everything about one effect of one type that does not depend on the rows. */
export interface EffectPlan {
  readonly layout: RowLayout
  /** By the table's index in the type; a table that the effect leaves alone has none. */
  readonly tables: ReadonlyMap<number, PlannedTable>
}

const kindsOf: Record<Effect, readonly OperationKind[]> = {
  create: ['create'],
  upsert: ['upsert'],
  modify: ['update', 'increment'],
  delete: ['delete'],
}

export function planEffect(type: DatabaseType, effect: Effect): EffectPlan {
  const layout = new RowLayout()
  const written = new Set(kindsOf[effect].flatMap((kind) => type.tables[kind]))
  const tables = new Map<number, PlannedTable>()
  for (const [index, table] of type.databaseTables.entries()) {
    if (written.has(index)) tables.set(index, planTable(type, effect, table, layout))
  }
  return { layout, tables }
}

/**
 * The same for what tells which rows are meant: keys, shard keys and guards of all tables. A batch's
 * other values need not travel with a question that only its keys decide.
 */
export function planIdentity(type: DatabaseType): EffectPlan {
  const layout = new RowLayout()
  const tables = type.databaseTables.map((table) => planTable(type, 'delete', table, layout))
  return { layout, tables: new Map(tables.entries()) }
}

function planTable(
  type: DatabaseType,
  effect: Effect,
  table: DatabaseTable,
  layout: RowLayout,
): PlannedTable {
  const columns = table.columns
    .filter((column) => sendsValues(effect) || column.role !== 'value')
    .map((column) => planColumn(effect, column, layout))
  const version = table.columns.find(({ property }) => property === type.version)
  return {
    ...table,
    columns,
    key: columns.filter(({ role }) => role === 'key'),
    shard: columns.filter(({ role }) => role === 'shard'),
    values: columns.filter(({ role }) => role === 'value'),
    guard: effect === 'create' || !version ? undefined : planGuard(version, layout),
  }
}

/** A delete has none to send; a create's stand in its text. */
function sendsValues(effect: Effect): boolean {
  return effect === 'upsert' || effect === 'modify'
}

function planColumn(effect: Effect, column: DatabaseColumn, layout: RowLayout): PlannedColumn {
  const { property, encode } = column
  const absent = absentValue(column)
  const made = sendsValues(effect) ? updateValue(column) : undefined
  const slot = layout.add({
    from: 'set',
    property,
    encode,
    absent:
      made ??
      (absent.kind === 'made' ? absent.make : absent.kind === 'value' ? absent.value : null),
    always: made !== undefined,
  })
  const addable = effect === 'modify' && column.role === 'value' && amountType(column) !== undefined
  const addSlot = addable
    ? layout.add({ from: 'add', property, encode: undefined, absent: null, always: false })
    : undefined
  const defaultExpression = absent.kind === 'expression' ? absent.expression : undefined
  return { ...column, slot, addSlot, defaultExpression }
}

function planGuard(version: DatabaseColumn, layout: RowLayout): PlannedTable['guard'] {
  const { property, encode } = version
  const slot = layout.add({ from: 'guard', property, encode, absent: null, always: false })
  return { column: { ...version, slot, addSlot: undefined, defaultExpression: undefined }, slot }
}

/** The type of an amount to add to the column: signed, and wide enough for any sum's range error. */
export function amountType({ jsonType }: DatabaseColumn): string | undefined {
  if (/^((TINY|SMALL|MEDIUM|BIG)?INT|BOOL)/i.test(jsonType)) return 'DECIMAL(20,0)'
  if (/^(DEC|NUMERIC|FLOAT|DOUBLE|REAL)/i.test(jsonType)) return jsonType.replace(/ UNSIGNED/i, '')
  return undefined
}
