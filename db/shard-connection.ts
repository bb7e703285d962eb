import { connect, type Socket } from 'node:net'
import {
  type Connection,
  createConnection,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise'
import { StoreError } from '../core/shard-store.ts'
import { within } from './deadline.ts'
import type { KillSwitch } from './kill-switch.ts'
import { storeErrorOf } from './mysql-errors.ts'
import { checkPacket } from './packet.ts'
import {
  differingSetting,
  readBackSettings,
  type SessionSettings,
  setSettings,
} from './session-settings.ts'
import { describeAddress, type ShardAddress } from './shard-address.ts'
import { watch } from './watchdog.ts'

/** Texts that a connection keeps prepared; the server holds 16,382 of all connections by default. */
const maxPreparedStatements = 200
/** A peer that is gone without a word is noticed after about this long. */
const keepAliveDelayMs = 10_000

export interface ConnectionOptions {
  readonly address: ShardAddress
  readonly settings: SessionSettings
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
  /** Ends a statement that takes too long; without one its connection is just dropped. */
  readonly killSwitch?: KillSwitch
}

type Row = Readonly<Record<string, string | number | null>>

/** One connection to a shard's database, its session set and checked. Commands go one by one. */
export class ShardConnection {
  readonly id: string
  readonly serverUuid: string
  /** The server's limit as it was when the connection was made. */
  readonly maxPacketBytes: number
  readonly #connection: Connection
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  #lost: StoreError | undefined

  private constructor(
    connection: Connection,
    socket: Socket,
    options: ConnectionOptions,
    server: ServerOfSession,
  ) {
    this.#connection = connection
    this.#socket = socket
    this.#options = options
    this.id = server.id
    this.serverUuid = server.uuid
    this.maxPacketBytes = server.packetBytes
    // An idle connection that MySQL closes is no news until somebody wants it.
    connection.on('error', (error: Error) => {
      this.#lost ??= storeErrorOf(error, describeAddress(options.address))
    })
  }

  /** Rejects with a `StoreError`: `reconnect` or `back_off` where MySQL is away, else `stop`. */
  static async open(options: ConnectionOptions): Promise<ShardConnection> {
    const { address, settings, connectTimeoutMs } = options
    let socket: Socket | undefined
    try {
      const connection = await createConnection({
        ...clientOptions(address),
        connectTimeout: connectTimeoutMs,
        // Values are parameters or literals already: mysql2 would look through every text for its "?".
        queryFormat: (sql: string) => sql,
        connectAttributes: { program_name: 'sluice', sluice_shard: String(address.shard) },
        stream: ({ config }: { config: { host: string; port: number } }) => {
          socket = connect(config.port, config.host)
          return socket.setNoDelay(true).setKeepAlive(true, keepAliveDelayMs)
        },
      })
      const server = await prepareSession(connection, socket!, settings, connectTimeoutMs)
      return new ShardConnection(connection, socket!, options, server)
    } catch (error) {
      socket?.destroy()
      throw storeErrorOf(error, describeAddress(address))
    }
  }

  /** Why no command can go over this connection any more. */
  get lost(): StoreError | undefined {
    return this.#lost
  }

  /**
   * Runs a prepared statement that returns no rows. Rejects with MySQL's own error, or with a
   * `StoreError` of action `timeout` after which the connection is lost.
   */
  async write(sql: string, values: readonly (string | number | null)[] = []): Promise<number> {
    checkPacket(sql, values, this.maxPacketBytes)
    const [result] = await this.#watched(() =>
      this.#connection.execute<ResultSetHeader>(sql, [...values]),
    )
    return result.affectedRows
  }

  /** Runs a text with its values in it, as `write` runs a prepared one. */
  async writeText(sql: string): Promise<number> {
    checkPacket(sql, [], this.maxPacketBytes)
    const [result] = await this.#watched(() => this.#connection.query<ResultSetHeader>(sql))
    return result.affectedRows
  }

  /** Runs a prepared SELECT; 64-bit integers, decimals and date-times come as strings. */
  async read(sql: string, values: readonly (string | number | null)[] = []): Promise<Row[]> {
    checkPacket(sql, values, this.maxPacketBytes)
    const [rows] = await this.#watched(() =>
      this.#connection.execute<RowDataPacket[]>(sql, [...values]),
    )
    return rows as Row[]
  }

  /** Runs a statement that can't or need not be prepared: COMMIT, SAVEPOINT, KILL, SET. */
  async command(sql: string): Promise<void> {
    await this.#watched(() => this.#connection.query(sql))
  }

  /** Drops the connection; the server then rolls back what is open on it. */
  discard(why: StoreError): void {
    this.#lost ??= why
    this.#connection.destroy()
    this.#socket.destroy()
  }

  /** Says goodbye. Never rejects. */
  async close(): Promise<void> {
    if (this.#lost) return
    const closed = new StoreError('reconnect', 'CLOSED', 'the connection was closed')
    this.#lost = closed
    const { connectTimeoutMs } = this.#options
    await within(connectTimeoutMs, this.#connection.end()).catch(() => {})
    this.#socket.destroy()
  }

  async #watched<T>(work: () => Promise<T>): Promise<T> {
    if (this.#lost) throw this.#lost
    const { statementTimeoutMs, killSwitch } = this.#options
    try {
      return await watch(work(), {
        timeoutMs: statementTimeoutMs,
        kill: async () => (await killSwitch?.killQuery(this.id)) ?? false,
        discard: (why) => this.discard(why),
      })
    } catch (error) {
      if ((error as { fatal?: boolean }).fatal) {
        this.discard(storeErrorOf(error, describeAddress(this.#options.address)))
      }
      throw error
    }
  }
}

/** What every connection of Sluice asks of mysql2: exact values, and matched rows as affected. */
export function clientOptions({ url }: Pick<ShardAddress, 'url'>) {
  return {
    uri: url,
    charset: 'utf8mb4',
    timezone: 'Z' as const,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    maxPreparedStatements,
    // No server may ask a worker for its files.
    flags: ['FOUND_ROWS', '-LOCAL_FILES'],
  }
}

interface ServerOfSession {
  readonly id: string
  readonly uuid: string
  readonly packetBytes: number
}

async function prepareSession(
  connection: Connection,
  socket: Socket,
  settings: SessionSettings,
  timeoutMs: number,
): Promise<ServerOfSession> {
  const prepared = async () => {
    await connection.query(setSettings(settings))
    const readBack = `${readBackSettings(settings)}, CONNECTION_ID() AS \`id\`, @@server_uuid AS \`uuid\`, @@max_allowed_packet AS \`packet\``
    const [rows] = await connection.query<RowDataPacket[]>(readBack)
    return rows[0]!
  }
  const found = await within(timeoutMs, prepared()).catch((error) => {
    socket.destroy()
    throw error
  })
  const differing = differingSetting(settings, found)
  if (differing === undefined)
    return {
      id: String(found.id),
      uuid: found.uuid as string,
      packetBytes: Number(found.packet),
    }
  throw new StoreError(
    'stop',
    'SESSION',
    `the session's ${differing}; something between Sluice and MySQL changes session variables: connect to MySQL directly, or let the proxy keep them`,
  )
}
