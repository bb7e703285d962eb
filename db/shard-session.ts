import type { Position, ShardId } from '../core/position.ts'
import {
  type Claim,
  type ShardSession,
  StoreError,
  type WindowTransaction,
} from '../core/shard-store.ts'
import type { Statement } from '../core/statement.ts'
import { type Claimed, type ClaimOptions, checkRow, claimRow, killConnection } from './claim.ts'
import { lockRow, movePosition, type RowKey, readRow, writeConnection } from './fence.ts'
import { storeErrorOf } from './mysql-errors.ts'
import { statementBytes } from './packet.ts'
import type { StatementRunner } from './run-statement.ts'
import { describeAddress, type ShardAddress } from './shard-address.ts'
import type { ShardConnection } from './shard-connection.ts'
import { endTransaction, MysqlWindowTransaction } from './window-transaction.ts'

export interface SessionOptions {
  readonly address: ShardAddress
  readonly claim: Claim
  readonly claimed: Claimed
  readonly connection: ShardConnection
  /** Opens a window connection to the shard, its session and identity checked. */
  readonly connect: () => Promise<ShardConnection>
  readonly statements: StatementRunner
  readonly stopsAtNarrowed: boolean
}

/** Claims a shard over a new connection. Rejects with a `StoreError`. */
export async function claimSession(
  options: Omit<SessionOptions, 'claimed' | 'connection'>,
  locks: Omit<ClaimOptions, 'address'>,
): Promise<MysqlShardSession> {
  const { address, claim, connect } = options
  const connection = await connect()
  try {
    const claimed = await claimRow(connection, claim, { address, ...locks })
    return new MysqlShardSession({ ...options, claimed, connection })
  } catch (error) {
    const why = storeErrorOf(error, `claiming ${describeAddress(address)}`)
    connection.discard(why)
    throw why
  }
}

/** A claimed shard over MySQL. Whatever becomes of a connection, the next window gets one. */
class MysqlShardSession implements ShardSession {
  readonly shard: ShardId
  readonly position: Position
  readonly claimedAtMs: number
  readonly #options: SessionOptions
  readonly #key: RowKey
  readonly #where: string
  #connection: ShardConnection
  #busy = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.#connection = options.connection
    this.#where = describeAddress(options.address)
    this.shard = options.address.shard
    this.position = options.claimed.position
    this.claimedAtMs = options.claimed.claimedAtMs
    this.#key = { topic: options.claim.topic, shard: this.shard }
  }

  get statementBytes(): number {
    return statementBytes(this.#connection.maxPacketBytes)
  }

  prepare(statement: Statement): void {
    try {
      this.#options.statements.prepare(statement)
    } catch {
      // `run` meets it again, where it belongs to a window.
    }
  }

  async begin(from: Position, to: Position): Promise<WindowTransaction | 'fenced'> {
    if (this.#busy) throw new Error('a window of this shard is open already')
    this.#busy = true
    let opened = false
    try {
      if (this.#connection.lost && !(await this.#reconnect())) return 'fenced'
      const connection = this.#connection
      const { epoch } = this.#options.claim
      if (!(await movePosition(connection, this.#key, epoch, from, to))) {
        await connection.command('ROLLBACK')
        return 'fenced'
      }
      opened = true
      return this.#transaction(connection)
    } catch (error) {
      throw await endTransaction(this.#connection, error, this.#where)
    } finally {
      if (!opened) this.#busy = false
    }
  }

  async settle(): Promise<Position | 'lost'> {
    const why = new StoreError('reconnect', 'SETTLE', `${this.#where}: the position is in question`)
    this.#connection.discard(why)
    const { address, claim } = this.#options
    return this.#connectAnew(async (connection) => {
      const row = await lockRow(connection, this.#key)
      const position = checkRow(row, claim, address)
      const isMine = await writeConnection(connection, this.#key, claim.epoch)
      await connection.command('COMMIT')
      return isMine ? position : 'lost'
    })
  }

  async look(): Promise<Position | 'lost'> {
    if (this.#connection.lost && !(await this.#reconnect())) return 'lost'
    const { address, claim } = this.#options
    try {
      const row = await readRow(this.#connection, this.#key)
      // The read began a transaction, which would see no later state.
      await this.#connection.command('ROLLBACK')
      const position = checkRow(row, claim, address)
      return row?.epoch === claim.epoch ? position : 'lost'
    } catch (error) {
      throw await endTransaction(this.#connection, error, this.#where)
    }
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  /** False if the shard is another epoch's by now. */
  #reconnect(): Promise<boolean> {
    return this.#connectAnew(async (connection) => {
      const isMine = await writeConnection(connection, this.#key, this.#options.claim.epoch)
      await connection.command('COMMIT')
      return isMine
    })
  }

  /**
   * Goes on over a new connection once `takeOver` succeeded on it. The old one may still hold the
   * shard's row, since the server learns of a loss later, so it is killed first.
   */
  async #connectAnew<T>(takeOver: (connection: ShardConnection) => Promise<T>): Promise<T> {
    const connection = await this.#options.connect()
    try {
      await killConnection(connection, this.#connection)
      const result = await takeOver(connection)
      this.#connection = connection
      return result
    } catch (error) {
      const why = storeErrorOf(error, this.#where)
      connection.discard(why)
      throw why
    }
  }

  #transaction(connection: ShardConnection): WindowTransaction {
    return new MysqlWindowTransaction({
      connection,
      statements: this.#options.statements,
      logId: this.#options.claim.logId,
      where: this.#where,
      stopsAtNarrowed: this.#options.stopsAtNarrowed,
      onOver: () => {
        this.#busy = false
      },
    })
  }
}
