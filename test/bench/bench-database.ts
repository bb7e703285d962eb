import { createConnection } from 'mysql2/promise'

export async function dropDatabase(serverUrl: string, database: string): Promise<void> {
  const connection = await createConnection({ uri: serverUrl })
  await connection.query(`DROP DATABASE IF EXISTS ${database}`)
  await connection.end()
}

/** An empty table, and the shard's position back at the partition's beginning. */
export async function rewind(url: string): Promise<void> {
  const connection = await createConnection({ uri: url })
  await connection.query('TRUNCATE TABLE items')
  await connection.query('UPDATE sluice_offsets SET next_offset = 0, next_operation = 0')
  await connection.end()
}

/** A drain that lost rows would be fast. */
export async function demandRows(url: string, rows: number): Promise<void> {
  const connection = await createConnection({ uri: url })
  const [[found]] = (await connection.query('SELECT COUNT(*) AS count FROM items')) as unknown as [
    [{ count: number }],
  ]
  await connection.end()
  if (found.count !== rows) throw new Error(`the drain left ${found.count} rows, not ${rows}`)
}
