import { type Claim, StoreError } from '../../core/shard-store.ts'
import type { Statement, StatementResult } from '../../core/statement.ts'
import { storeErrorOf } from '../../db/mysql-errors.ts'
import type { StatementRunner } from '../../db/run-statement.ts'
import { defaultStoreSettings, windowSettings } from '../../db/session-settings.ts'
import type { ShardConnection } from '../../db/shard-connection.ts'
import type { Fault } from './faults.ts'
import type { ModelMysql } from './model-mysql.ts'
import { connectionLost, serverErrors } from './server-errors.ts'
import type { Answer, Command, ServerSession } from './server-session.ts'
import type { SimulatedProcess } from './simulated-process.ts'

const connectMeanMs = 5
const oneWayMeanMs = 0.5
/** A COMMIT that is under way for so long is given up by its client first. */
const lateCommitMeanMs = 2_000
/** How soon a server hears that a client is gone: at once, or never before its idle timeout. */
const noticeMeansMs = [1, 1, 1, 3_000, 60_000]
const packetBytes = 4 * 1024 * 1024

type Sent = 'sent' | Extract<Fault, 'commandLost' | 'answerLost' | 'lateCommit' | 'silence'>

/**
 * A worker's connection to the model of MySQL: what `ShardConnection` is to MySQL, on a wire that
 * loses commands and answers.
 */
export class ModelConnection implements Pick<ShardConnection, keyof ShardConnection> {
  readonly id: string
  readonly serverUuid: string
  readonly maxPacketBytes = packetBytes
  readonly #process: SimulatedProcess
  readonly #server: ModelMysql
  readonly #session: ServerSession
  #lost: StoreError | undefined

  private constructor(process: SimulatedProcess, server: ModelMysql, session: ServerSession) {
    this.#process = process
    this.#server = server
    this.#session = session
    this.id = session.id
    this.serverUuid = server.uuid
    process.whenDead(() => this.#leave())
  }

  static open(
    process: SimulatedProcess,
    server: ModelMysql,
    { epoch }: Claim,
  ): Promise<ShardConnection> {
    const { world } = server
    return process.call(async () => {
      await world.waitAround(connectMeanMs)
      const refusal = !server.isUp
        ? connectionLost('ECONNREFUSED')
        : world.faults.happens('noConnection') && serverErrors.noConnection()
      if (refusal) throw storeErrorOf(refusal, `shard ${server.shard}`)
      const session = server.openSession(epoch)
      session.set(windowSettings(defaultStoreSettings))
      return new ModelConnection(process, server, session) as unknown as ShardConnection
    })
  }

  get lost(): StoreError | undefined {
    return this.#lost
  }

  async write(sql: string, values: readonly (string | number | null)[] = []): Promise<number> {
    return (await this.#send({ sql, values })).affectedRows
  }

  writeText(sql: string): Promise<number> {
    return this.write(sql)
  }

  async read(sql: string, values: readonly (string | number | null)[] = []) {
    return (await this.#send({ sql, values })).rows
  }

  async command(sql: string): Promise<void> {
    await this.#send({ sql })
  }

  async runStatement(statement: Statement): Promise<StatementResult> {
    const { effect, type, rows } = statement
    const sql = `${effect} ${rows.length} ${type.tableNames[statement.table]}`
    return (await this.#send({ sql, statement })).result!
  }

  discard(why: StoreError): void {
    this.#lost ??= why
    this.#leave()
  }

  async close(): Promise<void> {
    if (this.#lost) return
    this.#lost = new StoreError('reconnect', 'CLOSED', 'the connection was closed')
    await this.#process.call(async () => this.#session.end())
  }

  async #send(command: Command): Promise<Answer> {
    if (this.#lost) throw this.#lost
    try {
      const answer = await this.#process.call(() => this.#watched(this.#exchange(command)))
      this.#note(command, 'done')
      return answer
    } catch (error) {
      const why = storeErrorOf(error, `shard ${this.#server.shard}`)
      this.#note(command, why.code)
      if ((error as { fatal?: boolean }).fatal) this.discard(why)
      throw error
    }
  }

  /** As db/watchdog.ts: the server ends what takes too long, and the connection is dropped. */
  async #watched(work: Promise<Answer>): Promise<Answer> {
    const { clock } = this.#server.world
    const patience = new AbortController()
    const settled = work.then(
      (answer) => ({ answer }),
      (error: unknown) => ({ error }),
    )
    const expired = clock.sleep(defaultStoreSettings.statementTimeoutMs, patience.signal)
    const first = await Promise.race([settled, expired])
    // With a reason, or each command would make an error with its stack.
    patience.abort('answered')
    if (!first) {
      this.#session.killQuery()
      const why = new StoreError('timeout', 'STATEMENT_TIMEOUT', 'a statement took too long')
      this.discard(why)
      throw why
    }
    if ('error' in first) throw first.error
    return first.answer
  }

  /** There and back. What happens to the command does not depend on who waits for the answer. */
  async #exchange(command: Command): Promise<Answer> {
    const { world } = this.#server
    const fate = this.#fate(command)
    if (fate === 'lateCommit') {
      this.#arriveLate(command)
      throw connectionLost()
    }
    await world.waitAround(oneWayMeanMs)
    if (fate === 'commandLost') throw connectionLost()
    const answer = await this.#session.execute(command)
    await world.waitAround(oneWayMeanMs)
    if (fate === 'answerLost') throw connectionLost()
    if (fate === 'silence') await new Promise<never>(() => {})
    return answer
  }

  #fate({ sql }: Command): Sent {
    const { faults } = this.#server.world
    const isCommit = sql === 'COMMIT'
    const isClaim = /^UPDATE .* SET `epoch`/.test(sql)
    if (isCommit && faults.happens('lateCommit')) return 'lateCommit'
    if (isCommit && faults.happens('commitAnswerLost')) return 'answerLost'
    if (isClaim && faults.happens('claimAnswerLost')) return 'answerLost'
    const fates = ['commandLost', 'answerLost', 'silence'] as const
    return fates.find((fate) => faults.happens(fate)) ?? 'sent'
  }

  #arriveLate(command: Command): void {
    const { world } = this.#server
    world.after(world.random.aroundMs(lateCommitMeanMs), () => {
      this.#session.execute(command).then(
        () => world.trace.note(`mysql ${this.#server.shard}`, `${this.id} commits late`),
        // The session was killed before: that is what kills are for.
        () => {},
      )
    })
  }

  /** Gone without a goodbye: the server hears of it sooner or later. */
  #leave(): void {
    const { world } = this.#server
    const meanMs = world.random.pick(noticeMeansMs)
    world.after(world.random.aroundMs(meanMs), () => this.#session.end())
  }

  #note({ sql, values }: Command, outcome: string): void {
    const text = sql.replaceAll(/`|sluice_offsets\./g, '').slice(0, 70)
    const shown = values?.join(' ').slice(0, 60) ?? ''
    this.#process.note(`shard ${this.#server.shard} #${this.id} ${text} ${shown} -> ${outcome}`)
  }
}

/** Hands statements to the model as they are: their texts are tested against MySQL itself. */
export const modelRunner: StatementRunner = {
  prepare: () => {},
  run: (connection, statement) =>
    (connection as unknown as ModelConnection).runStatement(statement),
}
