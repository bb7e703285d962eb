import { createPool, type Pool } from 'mysql2/promise'
import { within } from './deadline.ts'
import type { MysqlError } from './mysql-errors.ts'

/** One side connection suffices: a kill takes milliseconds. */
const connections = 1
/** Kills that may wait for it; beyond that, connections are dropped without one. */
const maxWaiting = 64
const idleTimeoutMs = 60_000

/**
 * Ends statements and connections from the side, over a connection of its own to the same server.
 * A user may always kill what it runs itself, so this needs no privilege.
 */
export class KillSwitch {
  readonly #url: string
  readonly #timeoutMs: number
  #pool: Pool | undefined

  /** Opens nothing until the first kill. `timeoutMs` bounds connecting and killing together. */
  constructor(url: string, timeoutMs: number) {
    const server = new URL(url)
    // The database may be what is in trouble, and a kill does not need it.
    server.pathname = ''
    this.#url = server.href
    this.#timeoutMs = timeoutMs
  }

  /** Ends the statement that a connection runs. False if the server could not be told. */
  async killQuery(connectionId: string): Promise<boolean> {
    this.#pool ??= createPool({
      uri: this.#url,
      connectionLimit: connections,
      queueLimit: maxWaiting,
      connectTimeout: this.#timeoutMs,
      idleTimeout: idleTimeoutMs,
      maxIdle: 0,
      connectAttributes: { program_name: 'sluice', sluice_role: 'kill' },
    })
    try {
      await within(this.#timeoutMs, this.#pool.query(`KILL QUERY ${BigInt(connectionId)}`))
      return true
    } catch (error) {
      return (error as MysqlError).errno === noSuchThread
    }
  }

  async close(): Promise<void> {
    if (this.#pool) await within(this.#timeoutMs, this.#pool.end()).catch(() => {})
  }
}

/** The connection ended by itself meanwhile, which is as good. */
export const noSuchThread = 1094
