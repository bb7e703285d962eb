import type { BlockId, RequestBlock } from '../core/request-blocks.ts'
import {
  type RetriedFailure,
  type RetryVerdict,
  StoreError,
  type StoreErrorAction,
  type WindowRecords,
  type WindowTransaction,
} from '../core/shard-store.ts'
import type { Statement, StatementResult } from '../core/statement.ts'
import { DriftWatch } from './drift.ts'
import { clearJobs, recordOutcomes } from './failures.ts'
import { type MysqlError, rowFailureOf, storeErrorOf } from './mysql-errors.ts'
import { readRequests, writeRequests } from './requests.ts'
import { markRetried } from './retries.ts'
import type { StatementRunner } from './run-statement.ts'
import type { ShardConnection } from './shard-connection.ts'

/** After these MySQL still answers on the connection, and a ROLLBACK leaves it clean. */
const cleanAfterRollback: ReadonlySet<StoreErrorAction> = new Set([
  'retry',
  'timeout',
  'back_off',
  'too_large',
  'stop',
  'unknown',
])

const noSuchSavepoint = 1305

export interface TransactionOptions {
  readonly connection: ShardConnection
  readonly statements: StatementRunner
  readonly logId: string
  /** Names the shard in errors. */
  readonly where: string
  readonly stopsAtNarrowed: boolean
  /** Called once, when the transaction is over. */
  readonly onOver: () => void
}

/** An open transaction behind its fence. Whatever goes wrong in it ends it. */
export class MysqlWindowTransaction implements WindowTransaction {
  readonly #options: TransactionOptions
  readonly #drift: DriftWatch
  #over = false

  constructor(options: TransactionOptions) {
    this.#options = options
    this.#drift = new DriftWatch(options)
  }

  readRequests(blocks: readonly BlockId[]): Promise<readonly RequestBlock[]> {
    return this.#step(({ connection }) => readRequests(connection, blocks))
  }

  clearJobs(jobs: ReadonlySet<string>): Promise<void> {
    return this.#step(({ connection }) => clearJobs(connection, jobs))
  }

  savepoint(): Promise<void> {
    return this.#step(({ connection }) => connection.command('SAVEPOINT sluice'))
  }

  rollbackToSavepoint(): Promise<void> {
    return this.#step(async ({ connection, where }) => {
      try {
        await connection.command('ROLLBACK TO SAVEPOINT sluice')
      } catch (error) {
        // The transaction that had the savepoint is gone. What would follow is outside any fence.
        const { action, code, message } = storeErrorOf(error, where)
        // The number is the one of a missing procedure, which would be the tables' fault.
        const isSavepoint = (error as MysqlError).errno === noSuchSavepoint
        const why = new StoreError(isSavepoint ? 'retry' : action, code, message)
        connection.discard(why)
        throw why
      }
    })
  }

  run(statement: Statement): Promise<StatementResult> {
    return this.#run(statement, false)
  }

  runNaming(statement: Statement): Promise<StatementResult> {
    return this.#run(statement, true)
  }

  markRetried(failures: readonly RetriedFailure[]): Promise<readonly RetryVerdict[]> {
    return this.#step(({ connection }) => markRetried(connection, failures))
  }

  record(records: WindowRecords): Promise<void> {
    return this.#step(async ({ connection, logId, where }) => {
      try {
        await recordOutcomes(connection, logId, records)
        if (records.requests) await writeRequests(connection, records.requests)
      } catch (error) {
        const failure = rowFailureOf(error)
        if (!failure) throw error
        // Dropping the record would lose the operation.
        const message = `${where}: what the window did can't be recorded: ${failure.message}`
        throw new StoreError('stop', 'RECORD', message)
      }
    })
  }

  async commit(): Promise<void> {
    const { connection, where } = this.#options
    this.#assertOpen()
    this.#end()
    // What was lost before COMMIT was sent is surely not committed.
    if (connection.lost) throw connection.lost
    try {
      await connection.command('COMMIT')
    } catch (error) {
      // Even an answer that names an error can't be trusted to mean "not committed" in all cases.
      const { code, message } = storeErrorOf(error, where)
      const why = new StoreError('unclear', code, `COMMIT without an answer: ${message}`)
      connection.discard(why)
      throw why
    }
  }

  async rollback(): Promise<void> {
    this.#assertOpen()
    this.#end()
    await rollbackOrDiscard(this.#options.connection, this.#options.where)
  }

  #run(statement: Statement, naming: boolean): Promise<StatementResult> {
    return this.#step(({ connection, statements }) =>
      this.#drift.run(statement, () => statements.run(connection, statement, naming)),
    )
  }

  async #step<T>(work: (options: TransactionOptions) => Promise<T>): Promise<T> {
    this.#assertOpen()
    try {
      return await work(this.#options)
    } catch (error) {
      this.#end()
      const { connection, where } = this.#options
      throw await endTransaction(connection, error, where)
    }
  }

  #assertOpen(): void {
    if (this.#over) throw new Error('this transaction is over')
  }

  #end(): void {
    this.#over = true
    this.#options.onOver()
  }
}

/** Ends a transaction that an error broke, and says what to do about the error. */
export async function endTransaction(
  connection: ShardConnection,
  error: unknown,
  where: string,
): Promise<StoreError> {
  const why = storeErrorOf(error, where)
  if (cleanAfterRollback.has(why.action)) await rollbackOrDiscard(connection, where)
  else connection.discard(why)
  return why
}

/** Dropping the connection rolls back as well. */
async function rollbackOrDiscard(connection: ShardConnection, where: string): Promise<void> {
  if (connection.lost) return
  try {
    await connection.command('ROLLBACK')
  } catch (error) {
    connection.discard(storeErrorOf(error, where))
  }
}
