import type { RowDataPacket } from 'mysql2/promise'
import { createConnection } from 'mysql2/promise'

export async function dropDatabase(serverUrl: string, database: string): Promise<void> {
  const connection = await createConnection({ uri: serverUrl })
  await connection.query(`DROP DATABASE IF EXISTS ${database}`)
  await connection.end()
}

/** Empties tables, puts the shard's position back to `from`, and fills in `seed`. */
export async function rewind(
  url: string,
  tables: readonly string[],
  seed: Iterable<string>,
  from = 0,
): Promise<void> {
  const connection = await createConnection({ uri: url })
  for (const table of tables) await connection.query(`TRUNCATE TABLE ${table}`)
  for (const table of ['sluice_failures', 'sluice_outcomes', 'sluice_requests'])
    await connection.query(`TRUNCATE TABLE ${table}`)
  await connection.query(`UPDATE sluice_offsets SET next_offset = ${from}, next_operation = 0`)
  for (const statement of seed) await connection.query(statement)
  await connection.end()
}

/** What the tables hold, as a short text: a drain that lost rows would be fast. */
export async function contentOf(url: string, tables: readonly string[]): Promise<string> {
  const connection = await createConnection({ uri: url })
  const [rows] = await connection.query<RowDataPacket[]>(`CHECKSUM TABLE ${tables.join()}`)
  await connection.end()
  return rows.map(({ Checksum }) => Checksum).join()
}
