import type { RowFailure } from '../../core/failure.ts'
import type { JsonValue, WireObject } from '../../core/operation.ts'
import type { WindowRecords, WindowTransaction } from '../../core/shard-store.ts'
import type { Row, RowVerdict, Statement, StatementResult } from '../../core/statement.ts'
import type { ModelTables } from './model-tables.ts'
import type { ModelType } from './model-type.ts'
import { keyText } from './model-type.ts'

/**
 * A window's transaction over the model's tables, with the set-based semantics of MySQL's
 * statements, and as unhelpful as the port allows: a statement that gives verdicts may have applied
 * its other rows, and of two rows on one object in a modification only the first applies.
 */
export class ModelTransaction implements WindowTransaction {
  readonly records: WindowRecords[] = []
  readonly statements: Statement[] = []
  #tables: ModelTables
  #savepoint: ModelTables | undefined
  #isOpen = true

  constructor(tables: ModelTables) {
    this.#tables = tables.clone()
  }

  /** The tables as this transaction sees them. */
  get tables(): ModelTables {
    return this.#tables
  }

  async savepoint(): Promise<void> {
    this.#demandOpen()
    this.#savepoint = this.#tables.clone()
  }

  async rollbackToSavepoint(): Promise<void> {
    this.#demandOpen()
    if (!this.#savepoint) throw new Error('there is no savepoint to go back to')
    this.#tables = this.#savepoint.clone()
  }

  async run(statement: Statement): Promise<StatementResult> {
    this.#demandOpen()
    this.statements.push(statement)
    const before = this.#tables.clone()
    const result = this.#execute(statement, this.#tables.typeNamed(statement.type.name))
    if (result.kind === 'failed') this.#tables = before
    return result
  }

  async record(records: WindowRecords): Promise<void> {
    this.#demandOpen()
    this.records.push(records)
  }

  async commit(): Promise<void> {
    this.#demandOpen()
    this.#isOpen = false
  }

  async rollback(): Promise<void> {
    this.#demandOpen()
    this.#isOpen = false
  }

  #demandOpen(): void {
    if (!this.#isOpen) throw new Error('the transaction is over')
  }

  #execute(statement: Statement, type: ModelType): StatementResult {
    switch (statement.effect) {
      case 'create':
        return this.#create(statement, type)
      case 'upsert':
        return this.#upsert(statement, type)
      case 'modify':
        return this.#modify(statement, type)
      case 'delete':
        return this.#delete(statement, type)
      default:
        return statement.effect satisfies never
    }
  }

  /** Stops at the first row that can't be inserted; if it was for keys, tells all that exist. */
  #create({ table, rows }: Statement, type: ModelType): StatementResult {
    const before = this.#tables.clone()
    for (const { set } of rows) {
      const exists = this.#tables.find(type, table, set) !== undefined
      const failure = exists ? 'already_exists' : this.#tables.insert(type, table, set)
      if (!failure) continue
      const existing = [...rows.keys()].filter((i) => before.find(type, table, rows[i]!.set))
      const isDuplicate = failure === 'already_exists' || failure === 'duplicate_value'
      if (!isDuplicate || existing.length === 0) return failed(failure)
      this.#tables = before
      return verdicts(existing.map((row) => ({ row, failure: failureOf('already_exists') })))
    }
    return { kind: 'done' }
  }

  #upsert({ table, rows }: Statement, type: ModelType): StatementResult {
    const stale: RowVerdict[] = []
    for (const [index, row] of rows.entries()) {
      const stored = this.#tables.find(type, table, row.set)
      if (stored && !isMatched(stored, row)) return failed('not_found')
      if (stored && isStale(type, stored, row)) {
        stale.push({ row: index, failure: failureOf('stale') })
        continue
      }
      const failure = stored
        ? this.#tables.change(type, table, row.set)
        : this.#tables.insert(type, table, row.set)
      if (failure) return failed(failure)
    }
    return verdicts(stale)
  }

  #modify({ table, rows }: Statement, type: ModelType): StatementResult {
    const found: RowVerdict[] = []
    const modified = new Set<string>()
    for (const [index, row] of rows.entries()) {
      const stored = this.#tables.find(type, table, row.set)
      if (!stored || !isMatched(stored, row)) {
        found.push({ row: index, failure: failureOf('not_found') })
        continue
      }
      if (modified.has(keyText(type, row.set))) continue
      modified.add(keyText(type, row.set))
      if (isStale(type, stored, row)) {
        found.push({ row: index, failure: failureOf('stale') })
        continue
      }
      const failure = this.#tables.change(type, table, valuesAfter(stored, row))
      if (failure) return failed(failure)
    }
    return verdicts(found)
  }

  #delete({ table, rows }: Statement, type: ModelType): StatementResult {
    const stale: RowVerdict[] = []
    for (const [index, row] of rows.entries()) {
      const stored = this.#tables.find(type, table, row.set)
      if (!stored || !isMatched(stored, row)) continue
      if (isStale(type, stored, row)) {
        stale.push({ row: index, failure: failureOf('stale') })
        continue
      }
      const failure = this.#tables.remove(type, table, row.set)
      if (failure) return failed(failure)
    }
    return verdicts(stale)
  }
}

/** `c = IF(given, value, c) + IFNULL(amount, 0)`, for every column. */
function valuesAfter(stored: WireObject, { set, add }: Row): WireObject {
  const values: Record<string, JsonValue> = { ...set }
  for (const property in add) {
    const before = set[property] === undefined ? stored[property] : set[property]
    if (before === undefined) continue
    values[property] = before === null ? null : Number(before) + Number(add[property])
  }
  return values
}

function isMatched(stored: WireObject, { set }: Row): boolean {
  return stored.userId === set.userId
}

function isStale(type: ModelType, stored: WireObject, { guardVersion }: Row): boolean {
  if (type.version === undefined || guardVersion === undefined) return false
  const version = stored[type.version]
  return version !== undefined && Number(version) >= Number(guardVersion)
}

function verdicts(found: readonly RowVerdict[]): StatementResult {
  return found.length === 0 ? { kind: 'done' } : { kind: 'verdicts', verdicts: found }
}

function failed(code: RowFailure['code']): StatementResult {
  return { kind: 'failed', failure: failureOf(code) }
}

function failureOf(code: RowFailure['code']): RowFailure {
  return { code, message: `the model says ${code}` }
}
