import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'

// SQLite's file locks, since the kernel frees them when a process dies, however it dies. A lock
// made of a folder or a pid file outlives its owner and needs guesses about who is still there.

const retryMs = 50

/** Runs the work while no other process holds the same lock file. */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lock = open(file)
  try {
    while (!tryExclusive(lock)) await sleep(retryMs)
    return await work()
  } finally {
    lock.close()
  }
}

/** One use of something that several processes share. */
export interface Share {
  /** Ends this use; true when it was the last one. Call it under a lock. */
  release(): boolean
}

/** Joins those who use what the file stands for, until release or the end of this process. */
export function takeShare(file: string): Share {
  const lock = open(file)
  lock.exec('BEGIN')
  lock.prepare('SELECT count(*) FROM sqlite_schema').get()
  return {
    release() {
      lock.close()
      const alone = open(file)
      try {
        return tryExclusive(alone)
      } finally {
        alone.close()
      }
    },
  }
}

function open(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true })
  return new DatabaseSync(file, { timeout: 0 })
}

function tryExclusive(lock: DatabaseSync): boolean {
  try {
    // In memory: a journal would be a second file, which a killed process leaves.
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if (error instanceof Error && /locked|busy/i.test(error.message)) return false
    throw error
  }
}
