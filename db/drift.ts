import { isOfValues, type RowFailure } from '../core/failure.ts'
import { StoreError } from '../core/shard-store.ts'
import type { Statement, StatementResult } from '../core/statement.ts'
import { typeProblem } from './live-columns.ts'
import { problemsOfType } from './live-problems.ts'
import { type LiveColumn, readLiveColumns, readLiveTables } from './live-tables.ts'
import { storeErrorOf } from './mysql-errors.ts'
import { narrowerThanDeclared } from './narrower.ts'
import type { ShardConnection } from './shard-connection.ts'
import type { DatabaseColumn, DatabaseTable, DatabaseType } from './types/database-type.ts'

export interface DriftOptions {
  readonly connection: ShardConnection
  /** Names the shard in errors. */
  readonly where: string
  /** Whether a narrowed column stops the shard; else its rows fail one by one. */
  readonly stopsAtNarrowed: boolean
}

/** Of MySQL's errors to stop for, those of an account that may not. */
const deniedErrors: ReadonlySet<string> = new Set([
  'ER_TABLEACCESS_DENIED_ERROR',
  'ER_COLUMNACCESS_DENIED_ERROR',
  'ER_DBACCESS_DENIED_ERROR',
])
const goesOn = 'the shard goes on by itself after that'

/** Tells what of a window meets live tables that are not the config's any more. One per transaction. */
export class DriftWatch {
  readonly #options: DriftOptions
  readonly #seen = new Set<string>()

  constructor(options: DriftOptions) {
    this.#options = options
  }

  /** Runs a statement; rejects with a `StoreError` to stop for where its table is another by now. */
  async run(statement: Statement, work: () => Promise<StatementResult>): Promise<StatementResult> {
    const result = await work().catch(async (error) => {
      throw await this.#explain(error, statement)
    })
    if (result.kind === 'failed') await this.#checkColumns(statement, result.failure)
    return result
  }

  /** An error to stop for, with what differs; any other one as it is. */
  async #explain(error: unknown, statement: Statement): Promise<unknown> {
    const { connection, where } = this.#options
    if (storeErrorOf(error, where).action !== 'stop' || connection.lost) return error
    const type = statement.type as DatabaseType
    const { name } = type.databaseTables[statement.table]!
    const why = storeErrorOf(error, `${where}, type ${type.name}, table ${name}`)
    // To an account without grants, what it may not see looks as if it were missing.
    if (deniedErrors.has(why.code)) return why
    const problems = await readLiveTables(connection).then(
      (live) => problemsOfType(type, live),
      () => [],
    )
    if (problems.length === 0) return why
    const message = `${where}: type ${type.name} can't be written, ${why.code}: ${problems.join('; ')}. Undo the change, and ${goesOn}; or change the config, and start the workers again`
    return new StoreError('stop', why.code, message)
  }

  /**
   * Of a row that failed by its values. The transaction used the table, so nobody alters it before
   * the end: once a window is enough.
   */
  async #checkColumns(statement: Statement, failure: RowFailure): Promise<void> {
    const { connection, where, stopsAtNarrowed } = this.#options
    if (!stopsAtNarrowed || !isOfValues(failure) || failure.code === 'check_violation') return
    const type = statement.type as DatabaseType
    const table = type.databaseTables[statement.table]!
    const columns = columnsOf(table, statement, failure)
    const key = `${table.name} ${columns.map(({ name }) => name).join()}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    const live = await readLiveColumns(connection, table.name)
    const changed = columns.flatMap((column) => changeOf(column, live, table.name))
    if (changed.length === 0) return
    throw new StoreError(
      'stop',
      'TABLE_CHANGED',
      `${where}: objects of type ${type.name} do not fit any more: ${changed.join('; ')}. Nothing of it is recorded. Change the table back, and ${goesOn}; or declare in the config what the table takes, and start APIs and workers again (with worker.failingAlikeJobs 0 those that wait already are recorded as failures)`,
    )
  }
}

/** Of which columns the failed value may be. */
function columnsOf(
  { columns }: DatabaseTable,
  { rows }: Statement,
  { code, message }: RowFailure,
): readonly DatabaseColumn[] {
  const named = columns.filter(({ name }) => message.endsWith(`: column ${name}`))
  if (named.length > 0) return named
  if (code !== 'out_of_range') return columns
  // Of a sum, which no column holds yet.
  return columns.filter(({ property }) => rows.some(({ add }) => add && property in add))
}

function changeOf(
  column: DatabaseColumn,
  live: ReadonlyMap<string, LiveColumn>,
  table: string,
): string[] {
  const found = live.get(column.name)
  // Without a grant to see it, nothing can be said.
  if (!found) return []
  const change = narrowerThanDeclared(column, found) ?? typeProblem(column.column, found)
  return change === undefined ? [] : [`column ${table}.${column.name} ${change}`]
}
