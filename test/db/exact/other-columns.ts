import { Buffer } from 'node:buffer'
import { customType, json, mysqlEnum } from 'drizzle-orm/mysql-core'
import type { JsonValue } from '../../../core/operation.ts'
import { sqlTyped } from '../codec-of.ts'
import { type ExactColumn, rowCount, same, withLong } from './exact-column.ts'

const safe = 2 ** 53 - 1
const deep = JSON.parse(`${'[{"a":'.repeat(30)}1${'}]'.repeat(30)}`) as JsonValue
const documents: readonly JsonValue[] = [
  {},
  [],
  deep,
  'text "quoted" \\ \0 \u{1f600}',
  '2026-01-01',
  '',
  true,
  false,
  0,
  -1.5,
  safe,
  -safe,
  1e21,
  1.7976931348623157e308,
  5e-324,
  1.5e-7,
  0.1,
  { a: 1, A: 2, á: 3, 'a ': 4, '': 5, 'a.b': 6, '"': 7, '\\': 8, '\0': 9 },
  JSON.parse('{"__proto__": {"x": 1}, "constructor": 2, "1": 3, "10": 4, "02": 5}'),
  [null, [null], { a: null }],
  ['1', 1, 1.0, true, 'true', null],
  { '😀': '\ud83d\ude00', ш: ['שלום', 'e\u0301'] },
]

const uuid = customType<{ data: string; driverData: Buffer }>({
  dataType: () => 'binary(16)',
  toDriver: (value) => Buffer.from(value.replaceAll('-', ''), 'hex'),
  fromDriver: (value) => value.toString('hex'),
})
const cents = customType<{ data: number; driverData: string }>({
  dataType: () => 'decimal(20,2)',
  toDriver: (value) => (value / 100).toFixed(2),
  fromDriver: (value) => Number(value) * 100,
})
const day = customType<{ data: number; driverData: Date }>({
  dataType: () => 'datetime(3)',
  toDriver: (value) => new Date(value * 86_400_000),
})
const tags = customType<{ data: string[]; driverData: string }>({
  dataType: () => 'json',
  toDriver: (value) => value.join() as never,
})

/** JSON, enums, sets, and types that programs make themselves. */
export const otherColumns: Readonly<Record<string, ExactColumn>> = {
  json: {
    builder: json(),
    values: withLong(
      documents.map((document) => [document, JSON.stringify(document)]),
      rowCount - 1,
      [
        Array.from({ length: 5000 }, (_, i) => i),
        JSON.stringify(Array.from({ length: 5000 }, (_, i) => i)),
      ],
    ),
  },
  enum: { builder: mysqlEnum(['one', '2', 'drei €', '']), values: same('one', '2', 'drei €', '') },
  enumOfObject: { builder: mysqlEnum({ Up: 'up', Down: 'DOWN' }), values: same('up', 'DOWN') },
  enumCustom: { builder: sqlTyped("enum('x','it''s')"), values: same('x', "it's") },
  set: {
    builder: sqlTyped("set('b','a','é')"),
    values: [...same('', 'b', 'b,a,é'), ['é,a', 'é,a']],
  },
  uuid: {
    builder: uuid(),
    values: [
      [
        '00010203-0405-0607-0809-0a0b0c0d0eff',
        Buffer.from('000102030405060708090a0b0c0d0eff', 'hex'),
      ],
    ],
  },
  cents: {
    builder: cents(),
    values: [
      [1050, '10.50'],
      [-1, '-0.01'],
    ],
  },
  day: {
    builder: day(),
    values: [
      [0, '1970-01-01 00:00:00'],
      [20_000, '2024-10-04 00:00:00'],
    ],
  },
  tags: { builder: tags(), values: [[['a', 'b'], '"a,b"']] },
}
