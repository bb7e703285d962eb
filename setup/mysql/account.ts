import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The password of a private server's root account, made once per data folder. Loopback alone is
 * no protection: other users of the machine reach it too.
 */
export function passwordOf(folder: string): string {
  const file = join(folder, 'password')
  if (!existsSync(file)) {
    writeFileSync(file, randomBytes(18).toString('base64url'), { mode: 0o600 })
  }
  return readFileSync(file, 'utf8')
}

/** Makes the account at each start, so that a lost password file locks nobody out. */
export function writeAccountSql(folder: string): string {
  const file = join(folder, 'account.sql')
  const account = "root@'127.0.0.1'"
  const identified = `IDENTIFIED BY '${passwordOf(folder)}'`
  const statements = [
    'SET sql_log_bin = 0',
    `CREATE USER IF NOT EXISTS ${account}`,
    `ALTER USER ${account} ${identified}`,
    `GRANT ALL ON *.* TO ${account} WITH GRANT OPTION`,
    `ALTER USER IF EXISTS root@localhost ${identified}`,
  ]
  writeFileSync(file, statements.map((one) => `${one};\n`).join(''), { mode: 0o600 })
  return file
}

export function urlOf(folder: string, port: number): string {
  return `mysql://root:${passwordOf(folder)}@127.0.0.1:${port}`
}
