import { setTimeout as wait } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'

/** Between two queries. */
const pauseMs = 10
const lockWaitSeconds = 60

/**
 * What the site does meanwhile: short writes to the same rows, one after the other on each shard,
 * which change nothing and need the row's lock all the same.
 */
export class OnlineQueries {
  longestMs = 0
  queries = 0
  readonly #abort = new AbortController()
  readonly #running: Promise<unknown>

  constructor(shardUrls: readonly string[], ids: () => readonly string[]) {
    this.#running = Promise.all(shardUrls.map((url) => this.#run(url, ids)))
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#running
  }

  async #run(url: string, ids: () => readonly string[]): Promise<void> {
    const connection = await createConnection(url)
    try {
      await connection.query(`SET SESSION innodb_lock_wait_timeout = ${lockWaitSeconds}`)
      while (!this.#abort.signal.aborted) {
        const recent = ids()
        const id = recent[Math.floor(Math.random() * recent.length)]
        const startMs = performance.now()
        if (id) await connection.query(`UPDATE pins SET saves = saves WHERE id = ${id}`)
        this.longestMs = Math.max(this.longestMs, performance.now() - startMs)
        this.queries++
        await wait(pauseMs)
      }
    } finally {
      connection.destroy()
    }
  }
}
