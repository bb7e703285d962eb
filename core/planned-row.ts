import type { RowFailure } from './failure.ts'
import type { ObjectType } from './object-type.ts'
import type { OperationKind, WireObject } from './operation.ts'
import { operationBytes } from './operation-bytes.ts'
import type { Source } from './source.ts'
import type { Effect, Row } from './statement.ts'

/** A row under construction: one or more operations on one key, merged. */
export interface PlannedRow extends Row {
  readonly type: ObjectType
  readonly effect: Effect
  set: WireObject
  add?: WireObject
  /** What the row's statements write: the tables of every kind merged into it, in order. */
  tables: readonly number[]
  /** About what it takes in a statement's parameter. */
  bytes: number
  /** In log order. All of them run singly if the row fails. */
  readonly sources: Source[]
  /** Those of `sources` that fail although the row applies, since earlier sources decide it. */
  verdicts?: Map<Source, RowFailure>
}

const effectOf: Readonly<Record<OperationKind, Effect>> = {
  create: 'create',
  upsert: 'upsert',
  update: 'modify',
  increment: 'modify',
  delete: 'delete',
}

export function plannedRow(source: Source): PlannedRow {
  const { type, operation } = source
  const row: PlannedRow = {
    type,
    effect: effectOf[operation.kind],
    set: operation.object,
    tables: type.tables[operation.kind],
    bytes: operationBytes(type, operation),
    sources: [source],
  }
  if (operation.by) row.add = operation.by
  if (type.version === undefined || operation.kind === 'create') return row
  return { ...row, guardVersion: operation.object[type.version] ?? null }
}
