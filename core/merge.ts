import Big from 'big.js'
import type { RowFailure } from './failure.ts'
import type { JsonValue, Operation, OperationKind, WireObject } from './operation.ts'
import type { PlannedRow } from './planned-row.ts'
import type { Source } from './source.ts'

/**
 * Merging: several operations on one key become one row where the rows in MySQL come out the same
 * and each operation's outcome is the one that it would have had alone.
 *
 * What makes it right is that once a row applies, it is known whether the object exists. If it does
 * not apply, its operations run singly, so nothing here needs to hold then.
 */

/**
 * How the next operation on a row's key joins it: its values fold into the row's, it does nothing
 * once the row applied, or it fails then, whatever MySQL holds.
 */
export type Joining = 'folds' | 'no_effect' | RowFailure

/** How the operation joins the row; undefined if it needs a row of its own behind this one. */
export function joiningOf(row: PlannedRow, source: Source): Joining | undefined {
  const { type, operation } = source
  if (type.ordered || !type.mergeable || !meansSameObject(row, operation)) return undefined
  const known = row.effect === 'delete' ? overMissing(operation.kind) : overExisting(row, source)
  return known ?? (foldsInto(row, source) ? 'folds' : undefined)
}

/** Makes the row stand for the operation as well. */
export function join(row: PlannedRow, source: Source, joining: Joining): void {
  row.sources.push(source)
  if (joining === 'no_effect') return
  if (joining !== 'folds') {
    row.verdicts ??= new Map()
    row.verdicts.set(source, joining)
    return
  }
  const { type, operation } = source
  row.set = { ...row.set, ...operation.object }
  if (operation.by) row.add = sumOf(row.add, operation.by)
  row.tables = union(row.tables, type.tables[operation.kind])
}

/** A key with another shard key means an object that is not there: MySQL gives that verdict. */
function meansSameObject({ type, set }: PlannedRow, { object }: Operation): boolean {
  for (const [property, { role }] of type.properties) {
    if (role === 'shard' && set[property] !== object[property]) return false
  }
  return true
}

/** What an operation does to an object that the row just deleted, where that needs no statement. */
function overMissing(kind: OperationKind): RowFailure | 'no_effect' | undefined {
  switch (kind) {
    case 'update':
    case 'increment':
      return { code: 'not_found', message: 'an earlier operation deleted the object' }
    case 'delete':
      return 'no_effect'
    case 'create':
    case 'upsert':
      return undefined
    default:
      return kind satisfies never
  }
}

/** What an operation does to an object that exists once the row applied, if that is a failure. */
function overExisting(row: PlannedRow, { type, operation }: Source): RowFailure | undefined {
  if (operation.kind === 'create') {
    return { code: 'already_exists', message: 'an earlier operation wrote the object' }
  }
  if (type.version === undefined) return undefined
  const stored = row.set[type.version]
  const given = operation.object[type.version]
  const compare = type.properties.get(type.version)?.compare
  if (stored == null || given == null || !compare || compare(stored, given) < 0) return undefined
  return { code: 'stale', message: 'an earlier operation wrote the same or a newer version' }
}

function foldsInto(row: PlannedRow, { operation }: Source): boolean {
  switch (operation.kind) {
    case 'increment':
      return row.effect === 'modify' && tablesAgree(row, operation) && addsExactly(row, operation)
    case 'upsert':
    case 'update':
      return row.effect !== 'delete' && tablesAgree(row, operation) && overwrites(row, operation)
    case 'create':
    case 'delete':
      return false
    default:
      return operation.kind satisfies never
  }
}

/**
 * Whether every value lands in the same tables merged as alone. Kinds may write different tables: an
 * increment must not bring an update's column into a table that the update alone leaves out.
 */
function tablesAgree(row: PlannedRow, { kind, object, by }: Operation): boolean {
  const { type } = row
  const mine = type.tables[kind]
  const { tables } = row
  if (mine.length === tables.length && mine.every((table, i) => table === tables[i])) return true
  if (row.effect !== 'modify' || kind === 'upsert') return false
  for (const values of [row.set, row.add, object, by]) {
    for (const property in values) {
      const rules = type.properties.get(property)
      if (rules?.role === 'value' && rules.tables.update !== rules.tables.increment) return false
    }
  }
  return true
}

/**
 * A later value may replace an earlier one unless the earlier one could have failed in a way that
 * nobody would see then: a unique, foreign-key or check column, or a pending sum that may overflow.
 * Such a constraint may span columns, defaults too, so that a row takes in constrained values once;
 * those that other objects decide about never, since the row stands before theirs.
 */
function overwrites(row: PlannedRow, { object }: Operation): boolean {
  for (const property in object) {
    if (row.add && property in row.add) return false
    const rules = row.type.properties.get(property)
    if (!rules?.constrained) continue
    if (property in row.set && sameValue(row.set[property]!, object[property]!)) continue
    if (rules.shared || isConstrained(row)) return false
  }
  return true
}

/** Whether a row writes constrained columns already; an insert does so by their defaults as well. */
function isConstrained({ type, effect, set, add }: PlannedRow): boolean {
  if (effect !== 'modify') return true
  for (const values of [set, add]) {
    for (const property in values) if (type.properties.get(property)?.constrained) return true
  }
  return false
}

/**
 * Amounts add up to what single steps would give if the column is exact, and if all have one sign:
 * then a sum within the column's range means that each step was.
 */
function addsExactly(row: PlannedRow, operation: Operation): boolean {
  if (!overwrites(row, operation)) return false
  const { by } = operation
  for (const property in by) {
    const rules = row.type.properties.get(property)
    if (!rules?.additive || rules.constrained) return false
    const pending = row.add?.[property]
    if (pending !== undefined && isNegative(pending) !== isNegative(by[property]!)) return false
  }
  return true
}

function sumOf(pending: WireObject | undefined, by: WireObject): WireObject {
  const sum: Record<string, JsonValue> = { ...pending }
  for (const property in by) {
    const before = sum[property]
    const amount = by[property]!
    sum[property] =
      before === undefined ? amount : Big(String(before)).plus(String(amount)).toFixed()
  }
  return sum
}

function union(tables: readonly number[], added: readonly number[]): readonly number[] {
  if (added.every((table) => tables.includes(table))) return tables
  return [...new Set([...tables, ...added])].sort((a, b) => a - b)
}

function isNegative(amount: JsonValue): boolean {
  return String(amount).startsWith('-')
}

function sameValue(a: JsonValue, b: JsonValue): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

/**
 * The operations of an applied row whose every effect a later applied one overwrote: left out, they
 * would leave the same rows behind. Deciding takes one pass from the last operation to the first.
 */
export function supersededSources(row: PlannedRow): Source[] {
  if (row.sources.length === 1 || row.effect === 'delete') return []
  const superseded: Source[] = []
  const overwritten = new Set<string>()
  let nextKept: OperationKind | undefined
  for (let i = row.sources.length - 1; i >= 0; i--) {
    const source = row.sources[i]!
    if (row.verdicts?.has(source)) continue
    const { kind } = source.operation
    const values = valuesOf(source)
    const isOverwritten =
      nextKept !== undefined && values.every((property) => overwritten.has(property))
    // The row's first upsert may be what made the object that the kept ones behind it need.
    const leavesNothingElse =
      kind === 'update' || (kind === 'upsert' && (i > 0 || nextKept === 'upsert'))
    if (isOverwritten && leavesNothingElse && !concernsOthers(source, i)) {
      superseded.push(source)
      continue
    }
    for (const property of values) overwritten.add(property)
    nextKept = kind
  }
  return superseded.reverse()
}

/**
 * Whether operations on other objects may have met what the source did before it was overwritten: an
 * object that was there from then on, a value that was taken or free.
 */
function concernsOthers({ type, operation }: Source, place: number): boolean {
  if (!type.entangled) return false
  if (place === 0 && operation.kind === 'upsert') return true
  return Object.keys(operation.object).some((property) => type.properties.get(property)?.shared)
}

/** The properties that a source sets, its key left out. */
function valuesOf({ type, operation }: Source): string[] {
  return Object.keys(operation.object).filter(
    (property) => type.properties.get(property)?.role === 'value',
  )
}
