import { Buffer } from 'node:buffer'
import { sql } from 'drizzle-orm'
import type { MySqlColumnBuilderBase } from 'drizzle-orm/mysql-core'
import {
  bigint,
  binary,
  boolean,
  char,
  date,
  datetime,
  decimal,
  double,
  float,
  int,
  json,
  longtext,
  MySqlDialect,
  mediumint,
  mediumtext,
  mysqlEnum,
  smallint,
  text,
  time,
  timestamp,
  tinyint,
  tinytext,
  varbinary,
  varchar,
  year,
} from 'drizzle-orm/mysql-core'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { JsonValue } from '../../core/operation.ts'
import type { ColumnCodec } from '../../db/columns/column.ts'
import { codec, columnOf, sqlTyped } from './codec-of.ts'

/** Wire values, each with what plain mysql2 writes for it. */
type Values = readonly (readonly [wire: unknown, plain: unknown])[]

const base64 = (...bytes: number[]) => Buffer.from(bytes).toString('base64')
const same = (...values: unknown[]): Values => values.map((value) => [value, value])
const utc = (text: string) => text.replace('T', ' ').replace('Z', '')
const instants = (...texts: string[]): Values => texts.map((text) => [text, utc(text)])

const matrix: readonly (readonly [MySqlColumnBuilderBase, Values])[] = [
  [tinyint(), same(-128, 127, '5')],
  [tinyint({ unsigned: true }), same(0, 255)],
  [smallint(), same(-32768, 32767)],
  [mediumint({ unsigned: true }), same(0, 16777215)],
  [int(), same(-2147483648, 2147483647)],
  [bigint({ mode: 'bigint' }), same('-9223372036854775808', '9223372036854775807', 7)],
  [bigint({ mode: 'bigint', unsigned: true }), same('0', '18446744073709551615')],
  [boolean(), same(true, false)],
  [sqlTyped('bit(8)'), same(0, 255)],
  [sqlTyped('bit(64)'), [['18446744073709551615', Buffer.alloc(8, 0xff)]]],
  [year(), same(0, 1901, 2155)],
  [decimal({ precision: 5, scale: 2, unsigned: true }), same('0', '999.99', '1.5')],
  [
    decimal({ precision: 65, scale: 30 }),
    same(`-${'9'.repeat(35)}.${'9'.repeat(30)}`, `0.${'0'.repeat(29)}1`),
  ],
  [float(), same(0.1, -1.5, 3.4028234663852886e38, 1.401298464324817e-45, 16777217)],
  [double(), same(0.1, 1.7976931348623157e308, 5e-324, -1e23, 0)],
  [char({ length: 5 }), same('', 'äöü€𝄞', 'a\0b', 'ab  ')],
  [varchar({ length: 5 }), same('', 'äöü€𝄞', 'a\0b', 'ab  ', `'"\\%`)],
  [tinytext(), same('x'.repeat(255))],
  [text(), same('ä'.repeat(32_767))],
  [mediumtext(), same('x'.repeat(70_000))],
  [longtext(), same('𝄞'.repeat(20_000))],
  [mysqlEnum(['one', '2', 'drei €']), same('one', '2', 'drei €')],
  [
    binary({ length: 4 }),
    [
      [base64(1, 2), Buffer.from([1, 2])],
      [base64(0, 255, 0, 255), Buffer.from([0, 255, 0, 255])],
    ],
  ],
  [
    varbinary({ length: 4 }),
    [
      ['', Buffer.from([])],
      [base64(0, 0xff, 0), Buffer.from([0, 0xff, 0])],
    ],
  ],
  [sqlTyped('blob'), [[Buffer.alloc(65_535, 7).toString('base64'), Buffer.alloc(65_535, 7)]]],
  [date(), same('1000-01-01', '2024-02-29', '9999-12-31')],
  [datetime(), instants('1000-01-01T00:00:00Z', '2026-11-23T03:04:05Z', '9999-12-31T23:59:59Z')],
  [datetime({ fsp: 3 }), instants('1969-12-31T23:59:59.999Z', '2026-11-23T03:04:05.123Z')],
  [datetime({ fsp: 6 }), [['2026-11-23T05:04:05.123456+02:00', '2026-11-23 03:04:05.123456']]],
  [timestamp({ fsp: 6 }), instants('1970-01-01T00:00:01.000000Z', '2038-01-19T03:14:07.999999Z')],
  [time({ fsp: 6 }), same('-838:59:59.000000', '838:59:58.999999', '-00:00:00.000001')],
  [
    json(),
    [{ a: [1, 'x', null, 1.5e-7, true, { b: {} }] }, 'text', 1e300, [], '2026-01-01', false].map(
      (value) => [value, JSON.stringify(value)] as const,
    ),
  ],
]

let connection: Connection

beforeAll(async () => {
  connection = await createConnection({ uri: inject('mysqlUrl'), charset: 'utf8mb4' })
  await connection.query('CREATE DATABASE column_exact')
  await connection.query('USE column_exact')
  await connection.query(
    "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'",
  )
})

afterAll(async () => {
  await connection.query('DROP DATABASE column_exact')
  await connection.end()
})

/** A statement's two ways into a column: a JSON parameter that JSON_TABLE unfolds, and a literal. */
const ways = {
  async json({ jsonType, fromJson }: ColumnCodec, value: JsonValue) {
    const taken = fromJson ? fromJson(sql`new.v`) : sql`new.v`
    const { sql: taking } = new MySqlDialect().sqlToQuery(taken)
    await connection.execute(
      `INSERT INTO t SELECT 1, ${taking} FROM JSON_TABLE(?, '$[*]' COLUMNS (v ${jsonType} PATH '$[0]' ERROR ON ERROR)) AS new`,
      [JSON.stringify([[value]])],
    )
  },
  async literal({ literal }: ColumnCodec, value: JsonValue) {
    await connection.query(`INSERT INTO t VALUES (1, ${value === null ? 'NULL' : literal(value)})`)
  },
}

function parameterOf({ accept, encode }: ColumnCodec, wire: unknown): JsonValue {
  const canonical = wire === null ? null : accept(wire)
  if (canonical === undefined) throw new Error('the codec refuses the value')
  return encode ? encode(canonical) : canonical
}

describe.each(matrix)('a column %#', (builder, values) => {
  const type = columnOf(builder).getSQLType()

  it(`of type ${type} holds what plain mysql2 writes`, async () => {
    const column = codec(builder)
    await connection.query('DROP TABLE IF EXISTS t')
    await connection.query(`CREATE TABLE t (id INT PRIMARY KEY, v ${type} NULL)`)
    for (const [wire, plain] of [...values, [null, null] as const]) {
      for (const write of Object.values(ways)) {
        await connection.query('DELETE FROM t')
        await write(column, parameterOf(column, wire))
        await connection.query('INSERT INTO t VALUES (2, ?)', [plain])
        const [rows] = await connection.query<RowDataPacket[]>(
          'SELECT a.v <=> b.v AS equal, HEX(a.v) <=> HEX(b.v) AS bytes FROM t a, t b WHERE a.id = 1 AND b.id = 2',
        )
        expect(rows, write.name).toEqual([{ equal: 1, bytes: 1 }])
      }
    }
  })
})
