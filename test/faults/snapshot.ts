import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { FaultServers } from './servers.ts'

/** Each server makes its own where it finds none: a replica is not its primary. */
const identityFile = 'auto.cnf'

/**
 * MySQL's data as a disk would have it if the machine stopped now: the server stands still while it
 * is copied, and recovers from it as from a crash.
 */
export async function takeSnapshot({ mysql, folder }: FaultServers, to: string): Promise<void> {
  await mysql.kill('SIGSTOP')
  try {
    rmSync(to, { recursive: true, force: true })
    cpSync(join(folder, 'mysql', 'data'), to, { recursive: true })
  } finally {
    await mysql.kill('SIGCONT')
  }
}

/** The server goes on from the snapshot; what it had since is gone. */
export async function restoreSnapshot({ mysql, folder }: FaultServers, from: string) {
  const data = join(folder, 'mysql', 'data')
  await mysql.kill('SIGKILL')
  rmSync(data, { recursive: true, force: true })
  cpSync(from, data, { recursive: true })
  await mysql.restart()
}

/** Makes a folder for another server out of a snapshot: its data, the same account, its own identity. */
export function layOutReplica({ folder }: FaultServers, from: string, replica: string): void {
  cpSync(from, join(replica, 'data'), { recursive: true })
  rmSync(join(replica, 'data', identityFile), { force: true })
  cpSync(join(folder, 'mysql', 'password'), join(replica, 'password'))
}
