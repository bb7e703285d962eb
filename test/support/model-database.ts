import type { FailureCode } from '../../core/failure.ts'
import type { JsonValue, Operation, WireObject } from '../../core/operation.ts'
import type { ModelTables } from './model-tables.ts'
import type { ModelType } from './model-type.ts'

/**
 * What each kind of operation does to an object that is there or missing, one operation at a time:
 * the semantics table of the design, written from its text and from nothing else. All that merges,
 * batches and isolates must come out as this does.
 */

export type AloneOutcome = 'applied' | FailureCode

/** Applies one operation to all of its tables or to none, and says what became of it. */
export function applyAlone(
  tables: ModelTables,
  operation: Operation,
): { readonly tables: ModelTables; readonly outcome: AloneOutcome } {
  const draft = tables.clone()
  const failure = write(draft, tables.typeNamed(operation.type), operation)
  return failure ? { tables, outcome: failure } : { tables: draft, outcome: 'applied' }
}

/** Applies operations one by one in the order given. */
export function applyInOrder(
  tables: ModelTables,
  operations: readonly Operation[],
): { readonly tables: ModelTables; readonly outcomes: readonly AloneOutcome[] } {
  let now = tables
  const outcomes: AloneOutcome[] = []
  for (const operation of operations) {
    const { tables: after, outcome } = applyAlone(now, operation)
    now = after
    outcomes.push(outcome)
  }
  return { tables: now, outcomes }
}

function write(draft: ModelTables, type: ModelType, operation: Operation): FailureCode | undefined {
  switch (operation.kind) {
    case 'create':
      return create(draft, type, operation)
    case 'upsert':
      return upsert(draft, type, operation)
    case 'update':
    case 'increment':
      return modify(draft, type, operation)
    case 'delete':
      return remove(draft, type, operation)
    default:
      return operation.kind satisfies never
  }
}

function create(draft: ModelTables, type: ModelType, { object }: Operation) {
  for (const table of type.tables.create) {
    if (draft.find(type, table, object)) return 'already_exists'
    const failure = draft.insert(type, table, object)
    if (failure) return failure
  }
  return undefined
}

function upsert(draft: ModelTables, type: ModelType, { object }: Operation) {
  for (const table of type.tables.upsert) {
    const stored = draft.find(type, table, object)
    if (stored && !isSameShardKey(stored, object)) return 'not_found'
    if (stored && isStale(type, stored, object)) return 'stale'
    const failure = stored ? draft.change(type, table, object) : draft.insert(type, table, object)
    if (failure) return failure
  }
  return undefined
}

function modify(draft: ModelTables, type: ModelType, { kind, object, by = {} }: Operation) {
  for (const table of type.tables[kind]) {
    const stored = draft.find(type, table, object)
    if (!stored || !isSameShardKey(stored, object)) return 'not_found'
    if (isStale(type, stored, object)) return 'stale'
    const values: Record<string, JsonValue> = { ...object }
    for (const property in by) {
      const before = stored[property]
      if (before === undefined) continue
      values[property] = before === null ? null : Number(before) + Number(by[property])
    }
    const failure = draft.change(type, table, values)
    if (failure) return failure
  }
  return undefined
}

function remove(draft: ModelTables, type: ModelType, { object }: Operation) {
  const stored = draft.find(type, 0, object)
  const isThere = stored && isSameShardKey(stored, object)
  if (isThere && isStale(type, stored, object)) return 'stale'
  for (const table of type.tables.delete) {
    const row = draft.find(type, table, object)
    if (!row || !isSameShardKey(row, object)) continue
    const failure = draft.remove(type, table, object)
    if (failure) return failure
  }
  return undefined
}

function isSameShardKey(stored: WireObject, object: WireObject): boolean {
  return stored.userId === object.userId
}

/** An operation applies only over a lower stored version. */
function isStale(type: ModelType, stored: WireObject, object: WireObject): boolean {
  if (type.version === undefined) return false
  const version = stored[type.version]
  return version !== undefined && Number(version) >= Number(object[type.version])
}
