import type { FailureCode, RowFailure } from '../../core/failure.ts'
import type { JsonValue, WireObject } from '../../core/operation.ts'
import type { BlockId, RequestBlock } from '../../core/request-blocks.ts'
import type { RetryVerdict, WindowRecords, WindowTransaction } from '../../core/shard-store.ts'
import type { Row, RowVerdict, Statement, StatementResult } from '../../core/statement.ts'
import type { ModelTables } from './model-tables.ts'
import type { ModelType } from './model-type.ts'
import { keyText } from './model-type.ts'

/**
 * Which of a statement's rows MySQL names when one fails; undefined is none. It may be wrong.
 */
export type RowNaming = (failingRow: number, rows: number) => number | undefined

export const noNames: RowNaming = () => undefined
export const trueNames: RowNaming = (failingRow) => failingRow

/** What is known of keyed requests, by `blockKey`. */
export type ModelRequests = ReadonlyMap<string, RequestBlock>

export function blockKey({ tenant, key, block }: BlockId): string {
  return JSON.stringify([tenant, key, block])
}

/**
 * A window's transaction over the model's tables, with the set-based semantics of MySQL's
 * statements, and as unhelpful as the port allows: a statement that gives verdicts may have applied
 * its other rows or none of them, and may name only some; of two rows on one object in a
 * modification only the first applies; deletes run in the order of the key.
 */
export class ModelTransaction implements WindowTransaction {
  readonly records: WindowRecords[] = []
  readonly statements: Statement[] = []
  /** Jobs whose earlier records are gone once this is committed. */
  readonly cleared = new Set<string>()
  #tables: ModelTables
  readonly #naming: RowNaming
  readonly #requests: ModelRequests
  #savepoint: ModelTables | undefined
  #isOpen = true

  constructor(
    tables: ModelTables,
    naming: RowNaming = noNames,
    requests: ModelRequests = new Map(),
  ) {
    this.#tables = tables.clone()
    this.#naming = naming
    this.#requests = requests
  }

  /** The tables as this transaction sees them. */
  get tables(): ModelTables {
    return this.#tables
  }

  async readRequests(blocks: readonly BlockId[]): Promise<readonly RequestBlock[]> {
    this.#demandOpen()
    return blocks.flatMap((id) => this.#requests.get(blockKey(id)) ?? [])
  }

  async clearJobs(jobs: ReadonlySet<string>): Promise<void> {
    this.#demandOpen()
    for (const job of jobs) this.cleared.add(job)
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

  runNaming(statement: Statement): Promise<StatementResult> {
    return this.run(statement)
  }

  /** The failures of a model are its shard's. */
  async markRetried(): Promise<readonly RetryVerdict[]> {
    throw new Error('a transaction without a shard knows no failures')
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
    for (const [row, { set }] of rows.entries()) {
      const exists = this.#tables.find(type, table, set) !== undefined
      const failure = exists ? 'already_exists' : this.#tables.insert(type, table, set)
      if (!failure) continue
      const existed = (row: Row) =>
        before.find(type, table, row.set) ? ('already_exists' as const) : undefined
      const isDuplicate = failure === 'already_exists' || failure === 'duplicate_value'
      if (!isDuplicate || !rows.some(existed)) return this.#failed(failure, row, rows)
      this.#tables = before
      return verdicts(rows, existed)
    }
    return { kind: 'done' }
  }

  /** Stops at the first row that belongs elsewhere or is stale, and then names all of them. */
  #upsert({ table, rows }: Statement, type: ModelType): StatementResult {
    const before = this.#tables.clone()
    for (const [index, row] of rows.entries()) {
      const stored = this.#tables.find(type, table, row.set)
      if (stored && verdictOn(type, stored, row)) {
        this.#tables = before
        return verdicts(rows, (any) => {
          const there = before.find(type, table, any.set)
          return there && verdictOn(type, there, any)
        })
      }
      const failure = stored
        ? this.#tables.change(type, table, row.set)
        : this.#tables.insert(type, table, row.set)
      if (failure) return this.#failed(failure, index, rows)
    }
    return { kind: 'done' }
  }

  /** Names stale rows with nothing changed; else changes what is there, and names what is missing. */
  #modify({ table, rows }: Statement, type: ModelType): StatementResult {
    const before = this.#tables.clone()
    const verdictBefore = (row: Row) => {
      const stored = before.find(type, table, row.set)
      return stored ? verdictOn(type, stored, row) : 'not_found'
    }
    if (rows.some((row) => verdictBefore(row) === 'stale')) {
      return verdicts(rows, (row) => (verdictBefore(row) === 'stale' ? 'stale' : undefined))
    }
    const modified = new Set<string>()
    for (const [index, row] of rows.entries()) {
      const key = keyText(type, row.set)
      if (verdictBefore(row) || modified.has(key)) continue
      modified.add(key)
      const values = valuesAfter(before.find(type, table, row.set)!, row)
      const failure = this.#tables.change(type, table, values)
      if (failure) return this.#failed(failure, index, rows)
    }
    return verdicts(rows, verdictBefore)
  }

  #delete({ table, rows }: Statement, type: ModelType): StatementResult {
    const before = this.#tables.clone()
    // As MySQL does, in the order of the key.
    const ordered = [...rows.entries()].sort(([, a], [, b]) => type.compareKeys(a.set, b.set))
    for (const [index, row] of ordered) {
      const stored = this.#tables.find(type, table, row.set)
      if (!stored || verdictOn(type, stored, row)) continue
      const failure = this.#tables.remove(type, table, row.set)
      if (failure) return this.#failed(failure, index, rows)
    }
    return verdicts(rows, (row) => {
      const stored = before.find(type, table, row.set)
      return stored && verdictOn(type, stored, row) === 'stale' ? 'stale' : undefined
    })
  }

  #failed(code: FailureCode, failingRow: number, rows: readonly Row[]): StatementResult {
    const row = this.#naming(failingRow, rows.length)
    const named = row !== undefined && { row }
    return { kind: 'failed', failure: failureOf(code), isNameable: true, ...named }
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

/** What a stored row's shard key and version make of a row sent. */
function verdictOn(
  type: ModelType,
  stored: WireObject,
  { set, guardVersion }: Row,
): FailureCode | undefined {
  if (stored.userId !== set.userId) return 'not_found'
  if (type.version === undefined || guardVersion === undefined) return undefined
  const version = stored[type.version]
  return version !== undefined && Number(version) >= Number(guardVersion) ? 'stale' : undefined
}

function verdicts(
  rows: readonly Row[],
  codeOf: (row: Row) => FailureCode | undefined,
): StatementResult {
  const found: RowVerdict[] = []
  for (const [row, given] of rows.entries()) {
    const code = codeOf(given)
    if (code) found.push({ row, failure: failureOf(code) })
  }
  return found.length === 0 ? { kind: 'done' } : { kind: 'verdicts', verdicts: found }
}

function failureOf(code: FailureCode): RowFailure {
  return { code, message: `the model says ${code}` }
}
