import { mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Log } from '../../core/log.ts'
import { createSqliteLog } from '../../log/sqlite-log.ts'
import { type LogWorld, worldPartitions } from '../contract/log.ts'
import { openEmbedded } from './open-log.ts'
import { startMember } from './other-process.ts'

/** An embedded log in a temporary folder. */
export async function inEmbeddedWorld(use: (world: LogWorld) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-log-'))
  const path = join(folder, 'data', 'log.db')
  const logs: Log[] = []
  const members: { kill(): Promise<void> }[] = []
  const inFile = <T>(run: (connection: DatabaseSync) => T): T => {
    const connection = new DatabaseSync(path)
    try {
      return run(connection)
    } finally {
      connection.close()
    }
  }
  const migrate = async (partitions = worldPartitions) =>
    createSqliteLog({ path, partitions, topicPrefix: 'test' })
  const noBroker = async () => {
    throw new Error('an embedded log has no broker')
  }
  try {
    await use({
      kind: 'embedded',
      migrate,
      async open(options) {
        const log = openEmbedded(path, options)
        logs.push(log)
        return log
      },
      async recreate() {
        for (const ending of ['', '-wal', '-shm']) rmSync(path + ending, { force: true })
        await migrate()
      },
      limit: noBroker,
      async reported(shard) {
        return inFile((connection) => {
          const row = connection
            .prepare('SELECT reported FROM partitions WHERE shard = ?')
            .get(shard)
          return row?.reported === null ? undefined : Number(row?.reported)
        })
      },
      async file() {
        const { bavail, bsize } = statfsSync(folder)
        return { bytes: statSync(path).size, diskFreeBytes: bavail * bsize }
      },
      async startMember() {
        const member = await startMember('embedded', path)
        members.push(member)
        return member
      },
      broker: { kill: noBroker, restart: noBroker, pause: noBroker, resume: noBroker },
    })
  } finally {
    await Promise.all([...logs.map((log) => log.close()), ...members.map((other) => other.kill())])
    rmSync(folder, { recursive: true })
  }
}
