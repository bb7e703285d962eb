import {
  binary,
  char,
  date,
  datetime,
  decimal,
  int,
  mysqlEnum,
  mysqlTable,
  primaryKey,
  time,
  varbinary,
  varchar,
  year,
} from 'drizzle-orm/mysql-core'
import { hash } from '../../../config/routing.ts'
import { sqlTyped } from '../codec-of.ts'
import { big, design } from './design.ts'

const wide = mysqlTable(
  'wide',
  {
    name: varchar('name', { length: 4 }).notNull(),
    amount: decimal('amount', { precision: 20, scale: 3 }).notNull(),
    day: date('day').notNull(),
    size: int('size').notNull().default(0),
    label: varchar('label', { length: 9 }),
  },
  (t) => [primaryKey({ columns: [t.day, t.name, t.amount] })],
)
const byBytes = mysqlTable(
  'by_bytes',
  {
    bytes: binary('bytes', { length: 3 }).notNull(),
    kind: mysqlEnum('kind', ['b', 'a', 'É']).notNull(),
    more: varbinary('more', { length: 3 }).notNull(),
    flags: sqlTyped('bit(40)').notNull(),
    year: year('year').notNull(),
    size: int('size').notNull().default(0),
  },
  (t) => [primaryKey({ columns: [t.kind, t.bytes, t.more, t.flags, t.year] })],
)
const byTime = mysqlTable(
  'by_time',
  {
    at: datetime('at', { fsp: 3 }).notNull(),
    hours: time('hours', { fsp: 1 }).notNull(),
    big: big('big').notNull(),
    fixed: char('fixed', { length: 3 }).notNull(),
    size: int('size').notNull().default(0),
  },
  (t) => [primaryKey({ columns: [t.big, t.fixed, t.at, t.hours] })],
)

/** Keys of all types, in several spellings of each value. */
export const keys = design(
  {
    wide: { tables: [wide], key: ['name', 'amount', 'day'], shardBy: hash('name') },
    bytes: {
      tables: [byBytes],
      key: ['year', 'bytes', 'kind', 'more', 'flags'],
      shardBy: hash('bytes'),
    },
    time: { tables: [byTime], key: ['at', 'hours', 'big', 'fixed'], shardBy: hash('big') },
  },
  {
    name: ['a', 'A', 'a ', 'é', '𝄞', '\uffee'],
    amount: ['1.5', '1.500', '-0.001', 0, '-0'],
    day: ['2026-01-31', '1000-01-01'],
    bytes: ['AQ==', 'AQAA', 'AAAB'],
    kind: ['a', 'b', 'É'],
    more: ['', 'AA==', 'AAA='],
    flags: ['1099511627775', 0, '0'],
    year: [2026, '2026', 1901],
    at: ['2026-01-01T00:00:00.500Z', '2026-01-01T02:00:00.5+02:00', '1000-01-01T00:00:00Z'],
    hours: ['00:00:00', '-00:00:00.0', '-01:00:00', '100:00:00.5'],
    big: ['18446744073709551615', 0, '9223372036854775808'],
    fixed: ['a', 'a  ', 'A', ''],
    size: [1, -5],
    label: ['a', 'b', null],
  },
)
