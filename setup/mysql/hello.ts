import mysql from 'mysql2/promise'

const connectLimitMs = 5_000

/** Connects and asks for the version: the proof that a server is ready for this account. */
export async function versionAt(url: string): Promise<string> {
  const connection = await mysql.createConnection({ uri: url, connectTimeout: connectLimitMs })
  try {
    const [rows] = await connection.query({ sql: 'SELECT VERSION()', rowsAsArray: true })
    return String((rows as unknown[][])[0]?.[0])
  } finally {
    connection.destroy()
  }
}

export async function answersAt(url: string): Promise<boolean> {
  try {
    await versionAt(url)
    return true
  } catch {
    return false
  }
}
