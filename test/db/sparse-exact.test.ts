import {
  bigint,
  binary,
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
  longtext,
  mysqlEnum,
  mysqlTable,
  time,
  timestamp,
  tinyint,
  varbinary,
  varchar,
  year,
} from 'drizzle-orm/mysql-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operationKinds, type WireObject } from '../../core/operation.ts'
import { shardId } from '../../core/position.ts'
import type { Effect } from '../../core/statement.ts'
import { compileTypes } from '../../db/types/object-type.ts'
import { at, claimOf, TestShards } from './test-shards.ts'

const bit = customType<{ data: number }>({ dataType: () => 'bit(40)' })
const blob = customType<{ data: Uint8Array }>({ dataType: () => 'blob' })

/** A column of every kind of type. */
const everything = mysqlTable('everything', {
  id: bigint({ mode: 'bigint', unsigned: true }).primaryKey(),
  tiny: tinyint(),
  unsigned: int({ unsigned: true }),
  big: bigint({ mode: 'bigint' }),
  huge: bigint({ mode: 'bigint', unsigned: true }),
  bits: bit(),
  price: decimal({ precision: 30, scale: 10 }),
  real: double(),
  single: float(),
  truth: boolean(),
  year: year(),
  text: varchar({ length: 50 }),
  fixed: char({ length: 4 }),
  long: longtext(),
  kind: mysqlEnum(['a', 'é']),
  bytes: binary({ length: 3 }),
  more: varbinary({ length: 10 }),
  blob: blob(),
  day: date({ mode: 'string' }),
  at: datetime({ fsp: 6, mode: 'string' }),
  stamp: timestamp({ fsp: 3, mode: 'string' }),
  hours: time({ fsp: 2 }),
  json: json(),
})

const values: WireObject = {
  ...{
    tiny: -128,
    unsigned: 4294967295,
    big: '-9223372036854775808',
    huge: '18446744073709551615',
  },
  ...{ bits: '1099511627775', price: '12345678901234567890.0123456789', real: 0.1, single: 0.1 },
  ...{ truth: true, year: 2026, text: 'é\u{1f600} \'"\\', fixed: 'abc', long: 'x'.repeat(70_000) },
  ...{ kind: 'é', bytes: 'AAH/', more: '/wA=', blob: 'AAECAw==', day: '1000-01-01' },
  ...{
    at: '9999-12-31T23:59:59.123456Z',
    stamp: '2038-01-19T03:14:07.999Z',
    hours: '-838:59:59.00',
  },
  json: { a: [1, 'é', null, { b: 0.1 }] },
}

const rows = { create: 10, upsert: 10, update: 10, increment: 10, delete: 10 }
const route = {
  name: 'id',
  properties: ['id'],
  needsIntegers: false,
  isTotal: true,
  shardOf: () => 0,
}
const types = compileTypes(
  [
    {
      ...{ name: 'thing', shardBy: route, key: ['id'], rowsPerStatement: rows, ordered: false },
      tables: [{ table: everything, map: {}, on: operationKinds }],
    },
  ],
  1,
  (problem) => {
    throw new Error(problem)
  },
)
const type = types.get('thing')!
const shards = new TestShards(1, [everything], [type])

beforeAll(() => shards.migrate())
afterAll(() => shards.drop())

test('values of every type come through exactly, alone and beside rows that leave them out', async () => {
  const session = await shards.store().claim(shardId(0), claimOf())
  let position = 0
  const run = async (effect: Effect, ...objects: WireObject[]) => {
    const transaction = await session.begin(at(position), at(++position))
    if (transaction === 'fenced') throw new Error('fenced')
    const batch = objects.map((set) => ({ set }))
    expect(await transaction.run({ type, effect, table: 0, rows: batch })).toEqual({ kind: 'done' })
    await transaction.commit()
  }
  const stored = async () => {
    const [first, ...others] = await shards.query('SELECT * FROM everything ORDER BY id')
    return [first, ...others].map((row) => ({ ...row, id: undefined }))
  }

  const object = (id: number) => ({ id: String(id), ...values })
  const key = (id: number) => ({ id: String(id) })
  const nulls = Object.fromEntries(Object.keys(values).map((name) => [name, null]))
  await run('create', object(1), key(2), { ...key(3), ...nulls }, object(4))
  const [expected, ...others] = await stored()
  expect(expected).toMatchObject({
    ...{
      tiny: -128,
      unsigned: 4294967295,
      big: '-9223372036854775808',
      huge: '18446744073709551615',
    },
    ...{ price: '12345678901234567890.0123456789', real: 0.1, single: 0.1, truth: 1, year: 2026 },
    ...{ bits: Buffer.from('ffffffffff', 'hex'), text: values.text, fixed: 'abc', kind: 'é' },
    ...{ long: values.long, bytes: Buffer.from([0, 1, 255]), more: Buffer.from([255, 0]) },
    ...{ blob: Buffer.from([0, 1, 2, 3]), day: '1000-01-01', at: '9999-12-31 23:59:59.123456' },
    ...{ stamp: '2038-01-19 03:14:07.999', hours: '-838:59:59.00', json: values.json },
  })
  const empty = { ...nulls, id: undefined }
  expect(others).toEqual([empty, empty, expected])

  // 1 and 4 keep what they have, 2 and 3 get everything: the statement looks at each row's flags.
  await run('upsert', key(1), object(2), key(4))
  await run('modify', key(1), object(3), key(4))
  expect(await stored()).toEqual([expected, expected, expected, expected])
  await run('modify', { ...key(1), ...nulls }, key(2))
  expect(await stored()).toEqual([empty, expected, expected, expected])
  await session.close()
})
