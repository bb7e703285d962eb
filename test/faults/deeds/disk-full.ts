import { setTimeout as wait } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import { get } from '../../e2e/http.ts'
import { eventually } from '../eventually.ts'
import type { Fault } from '../fault.ts'
import { recoveryLimitMs } from '../limits.ts'

/** ER_RECORD_FILE_FULL: what a statement gets where its table can't grow. */
const full = 1114
const fullLimitMs = 60_000
const [refusalMs, shortRefusalMs] = [15_000, 3000]
/** Rows that fill the space up, the last ones small. */
const fillers = [1_000_000, 100_000, 10_000, 1000]

/**
 * All tables in one file that may not grow: MySQL meets the same error as on a full disk, and no other
 * program of the machine has to.
 */
const oneSmallFile = [
  '--innodb-file-per-table=OFF',
  '--innodb-autoextend-increment=1',
  '--innodb-data-file-path=ibdata1:12M:autoextend:max:160M',
]

export const diskFull: Fault = {
  name: 'mysql-out-of-disk',
  what: 'MySQL has no room left on its disk',
  count: 4,
  inTests: { tries: 1 },
  mysqlOptions: oneSmallFile,
  async attempt(world) {
    const admin = await createConnection(world.servers.mysql.url)
    try {
      await admin.query('CREATE DATABASE ballast')
      await admin.query('CREATE TABLE ballast.rows (content LONGBLOB)')
      for (const bytes of fillers) await fill(bytes)
      await eventually('a shard has no room', fullLimitMs, async () => {
        const answers = await Promise.all(world.workers.map(({ url }) => get(`${url}/readyz`)))
        return answers.some(({ body }) => JSON.stringify(body).includes('backing_off'))
      })
      await wait(world.isHurried ? shortRefusalMs : refusalMs)
      await admin.query('DROP DATABASE ballast')
    } finally {
      await admin.end()
    }
    world.measure('recovery', await world.movesOn(), recoveryLimitMs)

    async function fill(bytes: number): Promise<void> {
      for (;;) {
        try {
          await admin.query(`INSERT INTO ballast.rows VALUES (REPEAT('x', ${bytes}))`)
        } catch (error) {
          if ((error as { errno?: number }).errno === full) return
          throw error
        }
      }
    }
  },
}
