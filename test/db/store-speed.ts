/**
 * How fast windows through the store are beside plain multi-row upserts that were built beforehand,
 * same rows, one connection each: `node test/db/store-speed.ts mysql://root@127.0.0.1:3306`.
 * The two take turns window by window, so that whatever else the machine does hits both alike.
 */

import process from 'node:process'
import { bigint, datetime, int, mysqlTable, varchar } from 'drizzle-orm/mysql-core'
import { type Connection, createConnection, escape as quote } from 'mysql2/promise'
import { operationKinds } from '../../core/operation.ts'
import { offset, shardId } from '../../core/position.ts'
import type { ShardSession } from '../../core/shard-store.ts'
import type { Row } from '../../core/statement.ts'
import { migrate } from '../../db/migrate.ts'
import { MysqlStore } from '../../db/mysql-store.ts'
import { compileTypes } from '../../db/types/object-type.ts'
import { systemClock } from '../../runtime/clock.ts'

const rowsPerStatement = 1000
const statementsPerWindow = 4
const windows = 10
const rounds = 3
const database = 'sluice_speed_0'

const pins = mysqlTable('speed_pins', {
  id: bigint({ mode: 'bigint', unsigned: true }).primaryKey(),
  userId: bigint('user_id', { mode: 'bigint', unsigned: true }).notNull(),
  title: varchar({ length: 200 }).notNull(),
  link: varchar({ length: 2048 }),
  saves: int({ unsigned: true }).notNull().default(0),
  createdAt: datetime('created_at', { fsp: 3 }).notNull(),
})

const types = compileTypes(
  [
    {
      ...{ name: 'pin', key: ['id'], ordered: false },
      shardBy: {
        ...{ name: 'userId', properties: ['userId'], needsIntegers: false, isTotal: true },
        shardOf: () => 0,
      },
      tables: [{ table: pins, map: {}, on: operationKinds }],
      rowsPerStatement: { create: 1000, upsert: 1000, update: 1000, increment: 1000, delete: 1000 },
    },
  ],
  1,
  (problem) => {
    throw new Error(problem)
  },
)
const pin = types.get('pin')!

/** About 200 bytes a row. */
function batch(index: number, mark: string): Row[] {
  return Array.from({ length: rowsPerStatement }, (_, i) => {
    const id = index * rowsPerStatement + i + 1
    return {
      set: {
        ...{ id: String(id), userId: String(id % 1000), saves: id % 50 },
        title: `title of pin number ${id} ${mark} ${'x '.repeat(20)}`,
        link: `https://example.com/some/path/to/a/pin/${id}/and/more`,
        createdAt: '2026-11-23T03:04:05.123Z',
      },
    }
  })
}

function plainUpsert(rows: readonly Row[]): string {
  const values = rows.map(({ set: { id, userId, title, link, saves } }) => {
    return `(${id}, ${userId}, ${quote(String(title))}, ${quote(String(link))}, ${saves}, '2026-11-23 03:04:05.123')`
  })
  return `INSERT INTO plain_pins (id, user_id, title, link, saves, created_at) VALUES ${values.join()} AS new ON DUPLICATE KEY UPDATE user_id = new.user_id, title = new.title, link = new.link, saves = new.saves, created_at = new.created_at`
}

async function compare(plain: Connection, session: ShardSession, mark: string): Promise<number> {
  let plainMs = 0
  let storeMs = 0
  let position = session.position.offset as number
  for (let window = 0; window < windows; window++) {
    const batches = Array.from({ length: statementsPerWindow }, (_, i) =>
      batch(window * statementsPerWindow + i, mark),
    )
    const texts = batches.map(plainUpsert)
    const turns = [
      async () => {
        plainMs += await timed(async () => {
          for (const text of texts) await plain.query(text)
        })
      },
      async () => {
        storeMs += await timed(() => apply(session, position++, batches))
      },
    ]
    if (window % 2 === 1) turns.reverse()
    for (const turn of turns) await turn()
  }
  return plainMs / storeMs
}

async function apply(session: ShardSession, position: number, batches: Row[][]): Promise<void> {
  const at = (next: number) => ({ offset: offset(next), operation: 0 })
  const transaction = await session.begin(at(position), at(position + 1))
  if (transaction === 'fenced') throw new Error('fenced')
  await transaction.savepoint()
  for (const rows of batches) {
    const { kind } = await transaction.run({ type: pin, effect: 'upsert', table: 0, rows })
    if (kind !== 'done') throw new Error(`the statement ended as ${kind}`)
  }
  await transaction.commit()
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

const server = process.argv[2] ?? 'mysql://root@127.0.0.1:3306'
const url = new URL(server)
url.pathname = `/${database}`
const plain = await createConnection({ uri: server, timezone: 'Z' })
await plain.query(`DROP DATABASE IF EXISTS ${database}`)
const shards = [{ shard: shardId(0), url: url.href }]
const names = { cluster: 'speed', map: 'one', topic: 'speed.writes', logId: 'speed' }
await migrate({ ...names, shards, earliest: () => offset(0), ownTables: [pins], types: [pin] })
await plain.query(`USE ${database}`)
await plain.query('CREATE TABLE plain_pins LIKE speed_pins')
const store = new MysqlStore({ ...names, shards, clock: systemClock })

for (const mode of ['inserting', 'updating']) {
  const ratios: number[] = []
  for (let round = 0; round < rounds; round++) {
    if (mode === 'inserting') {
      await plain.query('TRUNCATE speed_pins')
      await plain.query('TRUNCATE plain_pins')
    }
    const claim = { ...names, epoch: crypto.randomUUID(), owner: 'speed' }
    const session = await store.claim(shardId(0), claim)
    ratios.push(await compare(plain, session, `${mode} ${round}`))
    await session.close()
  }
  const median = ratios.toSorted((a, b) => a - b)[rounds >> 1]!
  console.log(
    `${mode}: ${median.toFixed(2)} (${ratios.map((ratio) => ratio.toFixed(2)).join(', ')})`,
  )
}

await store.close()
await plain.query(`DROP DATABASE ${database}`)
await plain.end()
