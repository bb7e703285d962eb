import type { Statement, StatementResult } from '../../core/statement.ts'
import type { MysqlError } from '../../db/mysql-errors.ts'
import type { SessionSettings } from '../../db/session-settings.ts'
import type { RowNaming } from '../support/model-transaction.ts'
import { namings } from '../support/sample-run.ts'
import type { ModelMysql } from './model-mysql.ts'
import { readOffsetsQuery } from './offsets-sql.ts'
import { OpenTransaction } from './open-transaction.ts'
import type { Answer as RecordsAnswer } from './records.ts'
import { connectionLost, serverErrors } from './server-errors.ts'

type Cell = string | number | null

/** What a connection sends: a text with its parameters, or a statement on the user's tables. */
export interface Command {
  readonly sql: string
  readonly values?: readonly Cell[]
  readonly statement?: Statement
}

export interface Answer extends RecordsAnswer {
  readonly result?: StatementResult
}

const nothing: Answer = { rows: [], affectedRows: 0 }
const statementMeanMs = 4
/** Long enough for any watchdog. */
const slowStatementMs = 60_000

/** A connection's other end: what the server does with its commands. */
export class ServerSession {
  readonly id: string
  /** Whose claim it was opened for; MySQL knows nothing of it, the simulator's checks do. */
  readonly epoch: string
  readonly #server: ModelMysql
  readonly #naming: RowNaming
  #transaction: OpenTransaction | undefined
  #isAutocommit = true
  #lockWaitSeconds = 50
  #running: AbortController | undefined
  #isEnded = false

  constructor(id: string, epoch: string, server: ModelMysql) {
    this.id = id
    this.epoch = epoch
    this.#server = server
    this.#naming = server.world.random.pick(Object.values(namings))
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  set(settings: SessionSettings): void {
    this.#isAutocommit = settings.autocommit !== 0
    this.#lockWaitSeconds = Number(settings.innodb_lock_wait_timeout)
  }

  /** Rejects with an error of MySQL's, or with the connection's loss. */
  async execute(command: Command): Promise<Answer> {
    if (this.#isEnded) throw connectionLost()
    try {
      const answer = await this.#execute(command)
      if (this.#isEnded) throw connectionLost()
      return answer
    } catch (error) {
      // Whatever MySQL says has a code: this is the model's own.
      if (!(error as MysqlError).code) this.#server.world.fail((error as Error).message)
      throw error
    }
  }

  /** Rolls back what is open, and answers no more. */
  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#running?.abort()
    this.#transaction = undefined
    this.#server.forget(this)
  }

  /** Ends the statement that runs, if one does. */
  killQuery(): void {
    this.#running?.abort()
  }

  async #execute({ sql, values = [], statement }: Command): Promise<Answer> {
    if (statement) return this.#written(await this.#runStatement(statement))
    switch (sql) {
      case 'COMMIT':
        return this.#commit()
      case 'ROLLBACK':
        return this.#rollback()
      case 'SAVEPOINT sluice':
        await this.#open().savepoint()
        return nothing
      case 'ROLLBACK TO SAVEPOINT sluice':
        await this.#open().rollbackToSavepoint()
        return nothing
    }
    const word = (text: string) => sql.startsWith(text)
    if (word('SELECT 1 AS found FROM information_schema.processlist')) return this.#find(values)
    if (word('KILL ')) return this.#kill(sql.slice('KILL '.length))
    const answer = await this.#queryOffsets(sql, values)
    return answer ?? this.#written(this.#runOnRecords(sql, values))
  }

  async #queryOffsets(sql: string, values: readonly Cell[]): Promise<Answer | undefined> {
    const query = readOffsetsQuery(sql, values)
    if (!query) return undefined
    const { uuid: serverUuid, world } = this.#server
    const session = { connectionId: this.id, serverUuid, nowMs: world.epochMs() }
    if (query.kind === 'select') {
      // As it was last committed, or as the own transaction left it.
      const offsets = this.#transaction?.offsets ?? this.#server.state.offsets
      return query.matches(offsets)
        ? { rows: [query.result(offsets, session)], affectedRows: 0 }
        : nothing
    }
    if (query.kind === 'select for update nowait') this.#lockRowIfFree()
    else await this.#lockRow()
    const transaction = this.#open()
    const isFound = query.matches(transaction.offsets)
    if (!isFound && query.kind === 'update') world.faults.count('stale writes refused')
    if (isFound && query.kind === 'update') {
      transaction.offsets = query.result(transaction.offsets, session)
      return this.#written({ rows: [], affectedRows: 1 })
    }
    return isFound
      ? { rows: [query.result(transaction.offsets, session)], affectedRows: 0 }
      : nothing
  }

  #lockRowIfFree(): void {
    if (!this.#server.lockRowIfFree(this)) throw serverErrors.lockedByOther()
  }

  async #lockRow(): Promise<void> {
    const { world } = this.#server
    if (world.faults.happens('lockWait')) {
      await this.#busy(this.#lockWaitSeconds * 1000)
      throw serverErrors.lockWait()
    }
    const isMine = await this.#server.lockRow(this, this.#lockWaitSeconds * 1000)
    if (this.#isEnded) throw connectionLost()
    if (!isMine) throw serverErrors.lockWait()
  }

  async #runStatement(statement: Statement): Promise<Answer> {
    const { world } = this.#server
    const { faults, random } = world
    const trouble = this.#server.trouble()
    if (trouble) throw serverErrors[trouble]()
    if (faults.happens('slowStatement')) await this.#busy(slowStatementMs)
    else await this.#busy(random.aroundMs(statementMeanMs))
    if (faults.happens('deadlock')) {
      // The whole transaction is gone, not the statement alone.
      this.#rollback()
      throw serverErrors.deadlock()
    }
    if (faults.happens('lockWait')) throw serverErrors.lockWait()
    if (faults.happens('unknownError')) throw serverErrors.unknownError()
    const result = await this.#open().run(statement)
    return { ...nothing, result }
  }

  /** A statement takes its time, unless it or its session is killed. */
  async #busy(ms: number): Promise<void> {
    this.#running = new AbortController()
    const { signal } = this.#running
    await this.#server.world.clock.sleep(ms, signal)
    this.#running = undefined
    if (this.#isEnded) throw connectionLost()
    if (signal.aborted) throw serverErrors.interrupted()
  }

  #runOnRecords(sql: string, values: readonly Cell[]): Answer {
    // The tables themselves are not modelled: what differs in them stays untold.
    if (sql.includes('FROM information_schema.')) throw serverErrors.noConnection()
    const answer = this.#open().runOnRecords(sql, values)
    if (!answer) this.#server.world.fail(`the model of MySQL does not know: ${sql}`)
    return answer ?? nothing
  }

  #find([id]: readonly Cell[]): Answer {
    return this.#server.session(String(id)) ? { rows: [{ found: 1 }], affectedRows: 0 } : nothing
  }

  #kill(id: string): Answer {
    const session = this.#server.session(id)
    if (!session) throw serverErrors.noThread()
    session.end()
    return nothing
  }

  #open(): OpenTransaction {
    this.#transaction ??= new OpenTransaction(this.#server.state, this.#naming)
    return this.#transaction
  }

  /** With autocommit each write is a transaction of its own. */
  #written(answer: Answer): Answer {
    if (this.#isAutocommit) this.#commit()
    return answer
  }

  #commit(): Answer {
    const after = this.#transaction?.after
    if (after) this.#server.commit(this, this.#transaction!.before, after)
    return this.#rollback()
  }

  #rollback(): Answer {
    this.#transaction = undefined
    this.#server.unlockRow(this)
    return nothing
  }
}
