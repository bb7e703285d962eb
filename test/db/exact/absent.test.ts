import { Buffer } from 'node:buffer'
import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  char,
  customType,
  date,
  datetime,
  decimal,
  double,
  float,
  int,
  json,
  mysqlEnum,
  mysqlTable,
  serial,
  time,
  timestamp,
  tinyint,
  varbinary,
  varchar,
  year,
} from 'drizzle-orm/mysql-core'
import { drizzle } from 'drizzle-orm/mysql2'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sqlTyped } from '../codec-of.ts'
import { ServedTypes } from './served-type.ts'

const bytes = customType<{ data: Uint8Array; driverData: Buffer }>({
  dataType: () => 'varbinary(4)',
  toDriver: (value) => Buffer.from(value),
})
const at = new Date('2026-11-23T03:04:05.678Z')

/** What MySQL or Drizzle puts where an operation says nothing, of every sort. */
const table = (name: string) =>
  mysqlTable(name, {
    id: bigint('id', { mode: 'bigint', unsigned: true }).primaryKey(),
    base: int('base'),
    size: tinyint('size').notNull().default(-5),
    large: bigint('large', { mode: 'bigint', unsigned: true }).default(18446744073709551615n),
    price: decimal('price', { precision: 20, scale: 4 }).notNull().default('1.5'),
    single: float('single').default(0.1),
    ratio: double('ratio').default(-1.5e-7),
    flag: boolean('flag').notNull().default(true),
    label: varchar('label', { length: 20 }).notNull().default(`it's "\\ é𝄞`),
    fixed: char('fixed', { length: 4 }).default('a '),
    empty: varchar('empty', { length: 4 }).default(''),
    kind: mysqlEnum('kind', ['a', 'b']).default('b'),
    some: sqlTyped("set('a','b')").default('b,a'),
    bytes: bytes('bytes').default(new Uint8Array([1, 255])),
    moment: datetime('moment', { fsp: 3 }).notNull().default(at),
    stamp: timestamp('stamp').default(at),
    day: date('day').default(at),
    hours: time('hours').default('10:00:00'),
    year: year('year').default(2026),
    document: json('document').default({ a: [1, 'é'] }),
    nothing: varchar('nothing', { length: 4 }),
    // Computed by MySQL when a row is made, for itself or from the row.
    list: json('list').default(sql`(json_array())`),
    next: int('next').default(sql`(base + 1)`),
    upper: varchar('upper', { length: 20 }).default(sql`(upper(label))`),
    // Computed by MySQL always.
    doubled: int('doubled').generatedAlwaysAs((): SQL => sql`base * 2`),
    stored: int('stored').generatedAlwaysAs(sql`base + size`, { mode: 'stored' }),
    // Made by the program.
    made: varchar('made', { length: 20 }).$defaultFn(() => 'made'),
    madeBytes: varbinary('made_bytes', { length: 4 }).$defaultFn(() => 'text'),
    changed: int('changed').$onUpdate(() => 7),
    both: datetime('both', { fsp: 6 })
      .$defaultFn(() => at)
      .$onUpdate(() => at),
  })
const absent = table('absent')
const twin = table('absent_twin')

/** What the clock decides, looked at by itself. */
const clocks = mysqlTable('clocks', {
  id: bigint('id', { mode: 'bigint', unsigned: true }).primaryKey(),
  base: int('base'),
  now: timestamp('now').defaultNow(),
  now3: datetime('now3', { fsp: 3 }).default(sql`(now(3))`),
  touched: timestamp('touched').defaultNow().onUpdateNow(),
  touchedOnly: timestamp('touched_only').onUpdateNow(),
})
const serials = mysqlTable('serials', { id: serial('id').primaryKey(), base: int('base') })

let served: ServedTypes
let plain: Connection

beforeAll(async () => {
  served = await ServedTypes.start(
    { thing: { tables: [absent] }, clock: { tables: [clocks] }, serial: { tables: [serials] } },
    [twin],
  )
  plain = await served.connect()
})
afterAll(() => served.stop())

const none = {}
const some = { base: 5, label: 'x' }
const others = { base: null, size: 1, document: null, flag: false }

/** Operations on the objects 1, 2 and 3, and what Drizzle is told to do for each. */
async function write(op: string, ids: readonly number[], given: readonly object[]): Promise<void> {
  const operations = given.map((values, i) => ({
    ...{ type: 'thing', op, object: { id: ids[i], ...values } },
  }))
  expect(await served.write(operations)).toEqual([])
}

async function expectAlike(): Promise<void> {
  const columns = Object.values(getTableColumns(absent)).map(({ name, getSQLType }) => ({
    name,
    isFloating: /^(float|double)/.test(String(getSQLType)),
  }))
  const shown = columns.map(({ name }) =>
    name === 'single' || name === 'ratio'
      ? `\`${name}\` + 0e0 AS \`${name}\``
      : `HEX(CAST(\`${name}\` AS BINARY)) AS \`${name}\``,
  )
  const read = async (from: string) => {
    const [rows] = await plain.query<RowDataPacket[]>(
      `SELECT ${shown.join()} FROM ${from} ORDER BY id`,
    )
    return rows
  }
  const expected = await read('absent_twin')
  expect(await read('absent')).toEqual(expected)
  expect(expected.length).toBeGreaterThan(0)
}

test.each([
  ['create', [1, 2, 3], [none, some, others]],
  ['upsert', [4, 5, 6], [some, none, others]],
  ['create', [7], [none]],
  ['upsert', [8], [some]],
] as const)('%s of missing objects puts what Drizzle and MySQL put: %#', async (op, ids, given) => {
  await write(op, ids, given)
  const program = drizzle(plain)
  for (const [i, values] of given.entries()) {
    await program
      .insert(twin)
      .values({ id: BigInt(ids[i]!), ...values } as typeof twin.$inferInsert)
  }
  await expectAlike()
})

test.each([
  ['update', [1, 2, 3], [{ base: 9 }, { nothing: 'n' }, { both: '2026-01-01T00:00:00.000001Z' }]],
  ['upsert', [1, 2, 3], [{ base: 10 }, { label: 'y' }, { base: 4, changed: 1 }]],
  ['update', [1, 2], [{ price: '2.0000' }, { base: null }]],
] as const)(
  '%s of objects that are there leaves alone what Drizzle does: %#',
  async (op, ids, given) => {
    await write(op, ids, given)
    const program = drizzle(plain)
    for (const [i, values] of given.entries()) {
      const { both, ...rest } = values as { both?: string }
      const set = both ? { both: sql`${both.replace('T', ' ').replace('Z', '')}` } : rest
      await program
        .update(twin)
        .set(set as object)
        .where(sql`id = ${ids[i]!}`)
    }
    await expectAlike()
  },
)

test('the clock is read by MySQL, when a row is made and when it changes', async () => {
  const clock = (op: string, id: number, values: object) => ({
    ...{ type: 'clock', op, object: { id, ...values } },
  })
  const old = "'2001-01-01 00:00:00'"
  await plain.query(
    `INSERT INTO clocks (id, base, now, touched, touched_only) VALUES (1, 1, ${old}, ${old}, ${old}), (2, 1, ${old}, ${old}, ${old})`,
  )
  const writes = [
    clock('create', 3, none),
    clock('upsert', 4, { base: 1 }),
    clock('update', 1, { base: 1 }),
    clock('update', 2, { base: 2 }),
  ]
  expect(await served.write(writes)).toEqual([])
  const isNew = (column: string) => `${column} > NOW(3) - INTERVAL 1 MINUTE AS \`${column}\``
  const [rows] = await plain.query<RowDataPacket[]>(
    `SELECT id, ${['now', 'now3', 'touched', 'touched_only'].map(isNew).join()} FROM clocks ORDER BY id`,
  )
  expect(rows.map((row) => Object.values(row).map((v) => v && Number(v)))).toEqual([
    // Nothing of it changed.
    [1, 0, 1, 0, 0],
    [2, 0, 1, 1, 1],
    [3, 1, 1, 1, null],
    [4, 1, 1, 1, null],
  ])
})

test('a serial key takes the ids that are given, to the end of what a program can read', async () => {
  const last = Number.MAX_SAFE_INTEGER
  const operations = [0, 5, last].flatMap((id) => [
    { type: 'serial', op: 'upsert', object: { id, base: 1 } },
    { type: 'serial', op: 'increment', object: { id }, by: { base: 2 } },
  ])
  expect(await served.write(operations)).toEqual([])
  const [rows] = await plain.query('SELECT id, base FROM serials ORDER BY id')
  expect(rows).toEqual(['0', '5', String(last)].map((id) => ({ id, base: 3 })))
})
