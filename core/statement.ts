import type { RowFailure } from './failure.ts'
import type { ObjectType } from './object-type.ts'
import type { WireObject } from './operation.ts'

/** What a statement does to its rows. One `modify` serves update and increment alike. */
export type Effect = 'create' | 'upsert' | 'modify' | 'delete'

/** One row of a statement: what becomes of one object in all tables of its effect. */
export interface Row {
  /** The key, the shard-key columns and the columns to set. */
  readonly set: WireObject
  /** Amounts to add, by property; only for `modify`. */
  readonly add?: WireObject
  /**
   * The stored version must be below this, for types with a version: the lowest version among the
   * operations merged into the row.
   */
  readonly guardVersion?: WireObject[string]
}

/** One SQL statement on one of a type's tables: what a rate counts. */
export interface Statement {
  readonly type: ObjectType
  /** Index into the type's list of tables. */
  readonly table: number
  readonly effect: Effect
  /**
   * Sorted by primary key; in log order where the type is ordered, or entangled and it is no delete.
   * Statements of several tables that carry the same rows share one array, so that a store can encode
   * them once.
   */
  readonly rows: readonly Row[]
}

/** What MySQL made of a statement. Only errors that name a row are results; all else is thrown. */
export type StatementResult =
  | { readonly kind: 'done' }
  /**
   * The rows (indexes into `rows`) whose own key decides: it exists already, is missing, or is
   * stale. The statement may have applied the other rows; the caller rolls back.
   */
  | { readonly kind: 'verdicts'; readonly verdicts: readonly RowVerdict[] }
  /** Some row or rows failed, and the statement changed nothing. */
  | StatementFailure

export interface StatementFailure {
  readonly kind: 'failed'
  readonly failure: RowFailure
  /** The row (index into `rows`) that MySQL names. A hint: triggers and proxies can make it wrong. */
  readonly row?: number
  /** Whether `runNaming` probably names it. */
  readonly isNameable?: boolean
}

export interface RowVerdict {
  readonly row: number
  readonly failure: RowFailure
}
