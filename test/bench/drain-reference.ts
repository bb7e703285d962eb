import type { Connection } from 'mysql2/promise'
import { createConnection } from 'mysql2/promise'
import { drainRow } from './drain-rows.ts'

const rowsPerStatement = 1000
/** Built ahead of being timed; all at once would take gigabytes. */
const statementsAhead = 100

/**
 * The ceiling of one connection: the same rows as upserts of 1,000 that are built before the clock
 * runs, by mysql2. Resolves with seconds.
 */
export async function runReference(url: string, rows: number): Promise<number> {
  const connection = await createConnection({ uri: url, timezone: 'Z' })
  try {
    let seconds = 0
    for (let from = 0; from < rows; from += rowsPerStatement * statementsAhead) {
      const statements: string[] = []
      const end = Math.min(rows, from + rowsPerStatement * statementsAhead)
      for (let i = from; i < end; i += rowsPerStatement) {
        statements.push(upsert(connection, i, Math.min(end, i + rowsPerStatement)))
      }
      const startMs = performance.now()
      for (const statement of statements) await connection.query(statement)
      seconds += (performance.now() - startMs) / 1000
    }
    return seconds
  } finally {
    await connection.end()
  }
}

function upsert(connection: Connection, from: number, to: number): string {
  const tuples: string[] = []
  for (let i = from; i < to; i++) {
    const { id, userId, title, saves, createdAt } = drainRow(i)
    const values = [id, userId, title, saves, createdAt.replace('T', ' ').replace('Z', '')]
    tuples.push(`(${values.map((value) => connection.escape(value)).join(',')})`)
  }
  return (
    `INSERT INTO items (id, user_id, title, saves, created_at) VALUES ${tuples.join(',')} AS new ` +
    'ON DUPLICATE KEY UPDATE user_id = new.user_id, title = new.title, saves = new.saves, created_at = new.created_at'
  )
}
