import type { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers'
import { LogError, PublishError } from '../core/log.ts'
import { isLocked, type SqliteDatabase } from './sqlite-database.ts'

/** A transaction takes waiting writes until it has this many bytes: one fsync for all of them. */
const maxTransactionBytes = 8 * 1024 * 1024
/** Writes that wait, at most: above it the disk does not keep up. */
const maxWaitingBytes = 64 * 1024 * 1024
/** How often to ask again for the write lock while another process has it. */
const lockRetryMs = 10

interface Write {
  readonly bytes: number
  readonly deadlineMs: number
  run(connection: DatabaseSync): void
  resolve(): void
  reject(error: PublishError): void
}

/** Group commit: writes that arrive while the last transaction was synced share the next one. */
export class SqliteWriter {
  readonly #database: SqliteDatabase
  readonly #timeoutMs: number
  readonly #onCommit: () => void
  readonly #waiting: Write[] = []
  #waitingBytes = 0
  #scheduled = false
  #closed = false

  constructor(database: SqliteDatabase, timeoutMs: number, onCommit: () => void) {
    this.#database = database
    this.#timeoutMs = timeoutMs
    this.#onCommit = onCommit
  }

  /** Runs `work` in the next transaction and resolves with its result once that is durable. */
  write<T>(bytes: number, work: (connection: DatabaseSync) => T): Promise<T> {
    if (this.#closed) return Promise.reject(nothingWritten('the log is closed'))
    if (this.#waitingBytes + bytes > maxWaitingBytes) {
      return Promise.reject(nothingWritten(`${this.#waitingBytes} bytes wait for the disk already`))
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    let result: T
    this.#waiting.push({
      bytes,
      deadlineMs: performance.now() + this.#timeoutMs,
      run: (connection) => {
        result = work(connection)
      },
      resolve: () => resolve(result),
      reject,
    })
    this.#waitingBytes += bytes
    this.#schedule()
    return promise
  }

  /** Commits what waits, and takes no more. */
  close(): void {
    this.#closed = true
    while (this.#waiting.length > 0) this.#commitNext(this.#take())
  }

  #schedule(delayMs = 0): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const flush = () => {
      this.#scheduled = false
      if (this.#waiting.length > 0) this.#commitNext(this.#take())
    }
    // By setImmediate, what the event loop has read from sockets by then joins the transaction.
    if (delayMs > 0) setTimeout(flush, delayMs)
    else setImmediate(flush)
  }

  #take(): Write[] {
    let bytes = 0
    let count = 0
    while (count < this.#waiting.length && bytes < maxTransactionBytes) {
      bytes += this.#waiting[count++]!.bytes
    }
    this.#waitingBytes -= bytes
    return this.#waiting.splice(0, count)
  }

  #commitNext(writes: Write[]): void {
    const { connection } = this.#database
    let committing = false
    try {
      this.#database.checkFile()
      connection.exec('BEGIN IMMEDIATE')
      for (const write of writes) write.run(connection)
      committing = true
      connection.exec('COMMIT')
    } catch (error) {
      if (connection.isTransaction) connection.exec('ROLLBACK')
      if (isLocked(error) && !this.#closed) this.#putBack(writes)
      else for (const write of writes) write.reject(failure(committing, error))
      if (this.#waiting.length > 0) this.#schedule(isLocked(error) ? lockRetryMs : 0)
      return
    }
    for (const write of writes) write.resolve()
    this.#onCommit()
    if (this.#waiting.length > 0) this.#schedule()
  }

  #putBack(writes: Write[]): void {
    const nowMs = performance.now()
    const inTime = writes.filter((write) => write.deadlineMs > nowMs)
    for (const write of inTime) this.#waitingBytes += write.bytes
    this.#waiting.unshift(...inTime)
    for (const write of writes) {
      if (write.deadlineMs > nowMs) continue
      write.reject(nothingWritten(`another process has held the log for ${this.#timeoutMs} ms`))
    }
  }
}

function nothingWritten(reason: string): PublishError {
  return new PublishError('none', `Nothing was written: ${reason}`)
}

/** A COMMIT that failed may have reached the disk all the same. */
function failure(committing: boolean, cause: unknown): PublishError {
  const { message } = cause as Error
  return committing
    ? new PublishError('unknown', `Whether the log kept it is unknown: ${message}`, { cause })
    : new PublishError('none', `Nothing was written: ${message}`, { cause })
}

/** What became of a write that is no publish: whether it took effect does not matter there. */
export function throwLogError(error: unknown, what: string): never {
  if (!(error instanceof PublishError)) throw error
  if (error.cause instanceof LogError) throw error.cause
  throw new LogError('unreachable', `${what}: ${error.message}`, { cause: error })
}
