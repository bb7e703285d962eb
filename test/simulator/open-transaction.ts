import type { Statement, StatementResult } from '../../core/statement.ts'
import type { RowNaming } from '../support/model-transaction.ts'
import { ModelTransaction } from '../support/model-transaction.ts'
import { type Answer, Records } from './records.ts'
import { serverErrors } from './server-errors.ts'
import type { OffsetsRow, ShardState } from './shard-state.ts'

/** A transaction on the server: what it would make of the shard's state. */
export class OpenTransaction {
  readonly before: ShardState
  offsets: OffsetsRow
  readonly #rows: ModelTransaction
  readonly #records: Records
  #hasSavepoint = false
  #isChanged = false

  constructor(before: ShardState, naming: RowNaming) {
    this.before = before
    this.offsets = before.offsets
    this.#rows = new ModelTransaction(before.tables, naming)
    this.#records = new Records(before.records)
  }

  /** What a COMMIT makes of the shard; undefined if there is nothing to commit. */
  get after(): ShardState | undefined {
    if (!this.#isChanged && this.offsets === this.before.offsets) return undefined
    return { offsets: this.offsets, tables: this.#rows.tables, records: this.#records }
  }

  async savepoint(): Promise<void> {
    this.#hasSavepoint = true
    await this.#rows.savepoint()
  }

  /** Of what comes after a savepoint, Sluice takes back nothing but rows. */
  async rollbackToSavepoint(): Promise<void> {
    if (!this.#hasSavepoint) throw serverErrors.noSavepoint()
    await this.#rows.rollbackToSavepoint()
  }

  async run(statement: Statement): Promise<StatementResult> {
    this.#isChanged = true
    return this.#rows.run(statement)
  }

  /** Undefined if the text is not about Sluice's records. */
  runOnRecords(sql: string, values: readonly (string | number | null)[]): Answer | undefined {
    const answer = this.#records.run(sql, values)
    if (answer && answer.affectedRows > 0) this.#isChanged = true
    return answer
  }
}
