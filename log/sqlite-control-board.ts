import type { ControlBoard, ControlFollower } from '../core/log.ts'
import { LogError } from '../core/log.ts'
import { type Offset, offset } from '../core/position.ts'
import type { SqliteArrivals } from './sqlite-arrivals.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { type SqliteWriter, throwLogError } from './sqlite-writer.ts'

/** A follower looks at least this often, also where nothing tells it that something arrived. */
const lookEveryMs = 500

type OnEntry = (key: string, value: string | undefined) => void

/** A table of what stands now. Its ids grow for ever, as a topic's offsets do. */
export class SqliteControlBoard implements ControlBoard {
  readonly #database: SqliteDatabase
  readonly #writer: SqliteWriter
  readonly #arrivals: SqliteArrivals

  constructor(database: SqliteDatabase, writer: SqliteWriter, arrivals: SqliteArrivals) {
    this.#database = database
    this.#writer = writer
    this.#arrivals = arrivals
  }

  async put(key: string, value: string | undefined): Promise<Offset> {
    const bytes = key.length + (value?.length ?? 0)
    try {
      return await this.#writer.write(bytes, (connection) => {
        const row = connection
          .prepare('INSERT OR REPLACE INTO control (key, value) VALUES (?, ?) RETURNING id')
          .get(key, value ?? '')
        if (value === undefined) connection.prepare('DELETE FROM control WHERE key = ?').run(key)
        return offset(Number(row!.id) + 1)
      })
    } catch (error) {
      return throwLogError(error, 'The control record could not be written')
    }
  }

  follow(onEntry: OnEntry): ControlFollower {
    const follower = new SqliteControlFollower(this.#database, this.#arrivals, onEntry)
    follower.run()
    return follower
  }
}

class SqliteControlFollower implements ControlFollower {
  readonly #database: SqliteDatabase
  readonly #arrivals: SqliteArrivals
  readonly #onEntry: OnEntry
  readonly #entries = new Map<string, string>()
  #next = offset(0)
  #lookedMs = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(database: SqliteDatabase, arrivals: SqliteArrivals, onEntry: OnEntry) {
    this.#database = database
    this.#arrivals = arrivals
    this.#onEntry = onEntry
  }

  get next(): Offset {
    return this.#next
  }

  get ageMs(): number {
    return performance.now() - this.#lookedMs
  }

  async catchUp(): Promise<void> {
    if (!this.#database.connection.isOpen) throw new LogError('closed', 'The log is closed')
    this.#database.checkFile()
    this.#look()
  }

  close(): void {
    this.#closed = true
    this.#arrivals.wake()
  }

  async run(): Promise<void> {
    while (!this.#closed && this.#database.connection.isOpen) {
      try {
        this.#look()
      } catch {
        // A lock, or a file that is gone: what is known grows old, and whoever needs it asks.
      }
      await this.#arrivals.wait(lookEveryMs)
    }
  }

  #look(): void {
    const { connection } = this.#database
    const lookedMs = performance.now()
    const end = connection.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'control'").get()
    const next = offset(Number(end?.seq ?? -1) + 1)
    // Asked before the rows: one that is written in between is read again at the next look.
    if (next !== this.#next) {
      const rows = connection.prepare('SELECT key, value FROM control').all()
      this.#tell(new Map(rows.map(({ key, value }) => [String(key), String(value)])))
    }
    this.#next = next
    this.#lookedMs = lookedMs
  }

  #tell(found: ReadonlyMap<string, string>): void {
    for (const key of [...this.#entries.keys()]) {
      if (found.has(key)) continue
      this.#entries.delete(key)
      this.#onEntry(key, undefined)
    }
    for (const [key, value] of found) {
      if (this.#entries.get(key) === value) continue
      this.#entries.set(key, value)
      this.#onEntry(key, value)
    }
  }
}
