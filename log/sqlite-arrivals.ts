import type { StatementSync } from 'node:sqlite'
import type { SqliteDatabase } from './sqlite-database.ts'
import { Wakeup } from './wakeup.ts'

/** How soon a reader sees what another process wrote. One look costs some microseconds. */
const pollIntervalMs = 25

/** Wakes readers when this process or another one committed something. */
export class SqliteArrivals {
  readonly #wakeup = new Wakeup()
  readonly #dataVersion: StatementSync
  #seen: unknown
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(database: SqliteDatabase) {
    this.#dataVersion = database.connection.prepare('PRAGMA data_version')
    this.#seen = this.#version()
  }

  /** Resolves after a commit, or after `ms`. It may resolve for a commit that the caller has seen. */
  async wait(ms: number): Promise<void> {
    // Whoever looks first must not hide it from those that wait already.
    if (this.#changedElsewhere()) return this.wake()
    this.#timer ??= setInterval(() => {
      if (this.#changedElsewhere()) this.#wakeup.wake()
    }, pollIntervalMs)
    await this.#wakeup.wait(ms)
    if (!this.#wakeup.isAwaited) this.stop()
  }

  /** SQLite's data_version tells of other connections only: the own writer calls this. */
  wake(): void {
    this.#wakeup.wake()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #changedElsewhere(): boolean {
    const version = this.#version()
    if (version === this.#seen) return false
    this.#seen = version
    return true
  }

  #version(): unknown {
    return this.#dataVersion.get()?.data_version
  }
}
