import { DatabaseSync } from 'node:sqlite'
import { isLocked } from './sqlite-database.ts'

/**
 * A lock that one process at a time holds: an exclusive transaction on a small database of its own.
 * The kernel drops SQLite's file locks with the process, so that a `kill -9` frees it at once. The
 * file must never be opened otherwise: closing any descriptor of it would drop the lock.
 */
export interface SqliteLock {
  release(): void
}

/** Takes the lock at `path`, or returns undefined if it is held. */
export function acquireSqliteLock(path: string): SqliteLock | undefined {
  const connection = new DatabaseSync(path)
  try {
    connection.exec('PRAGMA busy_timeout = 0')
    connection.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    connection.close()
    if (isLocked(error)) return undefined
    throw error
  }
  return {
    release: () => {
      if (connection.isOpen) connection.close()
    },
  }
}
