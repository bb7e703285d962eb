import { Buffer } from 'node:buffer'
import {
  binary,
  char,
  longtext,
  mediumtext,
  text,
  tinytext,
  varbinary,
  varchar,
} from 'drizzle-orm/mysql-core'
import { sqlTyped } from '../codec-of.ts'
import { type ExactColumn, type Pair, same, withLong } from './exact-column.ts'

/** Every way that text may trip over on its way: quotes, escapes, ends of lines, wide characters. */
const texts: readonly string[] = [
  '',
  ' ',
  'a ',
  '  a',
  'ä€𝄞',
  '👩‍👩‍👧‍👦',
  'e\u0301é',
  'שלום',
  'a\0b',
  '\\',
  '\\n\\0\\%',
  `'"\``,
  `'; --`,
  '%_',
  '\n',
  '\r\n',
  '\t\b\u001a',
  '\ufeff\uffff',
  '\u{10ffff}',
  '\u2028',
  '{"a":1}',
  'null',
  '$[0]',
]
const fitting = (most: number) => same(...texts.filter((text) => [...text].length <= most))

const bytes = (...values: (readonly number[] | Buffer)[]): Pair[] =>
  values.map((value) => {
    const buffer = Buffer.from(value)
    return [buffer.toString('base64'), buffer]
  })

/** Texts and bytes, of fixed and of any length. */
export const textColumns: Readonly<Record<string, ExactColumn>> = {
  char: { builder: char({ length: 7 }), values: fitting(7) },
  charEnum: { builder: char({ length: 3, enum: ['a', 'ä€', ''] }), values: same('a', 'ä€', '') },
  varchar: { builder: varchar({ length: 16 }), values: fitting(16) },
  varcharEnum: { builder: varchar({ length: 9, enum: ['a', 'b '] }), values: same('a', 'b ') },
  varying: { builder: sqlTyped('character varying(16)'), values: fitting(16) },
  varcharAccents: {
    builder: sqlTyped('varchar(16) character set utf8mb4 collate utf8mb4_general_ci'),
    values: fitting(16),
  },
  tinytext: {
    builder: tinytext(),
    values: withLong(same(...texts), 0, ['x'.repeat(255), 'x'.repeat(255)]),
  },
  text: {
    builder: text(),
    values: withLong(same(...texts), 1, ['ä'.repeat(32_767), 'ä'.repeat(32_767)]),
  },
  textEnum: { builder: text({ enum: ['one', 'zwei €'] }), values: same('one', 'zwei €') },
  mediumtext: {
    builder: mediumtext(),
    values: withLong(same(...texts), 2, ['x\n'.repeat(40_000), 'x\n'.repeat(40_000)]),
  },
  longtext: {
    builder: longtext(),
    values: withLong(same(...texts), 3, ['𝄞'.repeat(20_000), '𝄞'.repeat(20_000)]),
  },
  binary: {
    builder: binary({ length: 4 }),
    values: [
      ...bytes([0, 255, 0, 255], [39, 92, 34, 10], [0, 0, 0, 0]),
      ['AQI=', Buffer.from([1, 2])],
      ['', Buffer.from([])],
    ],
  },
  binaryOne: { builder: binary(), values: bytes([0], [255]) },
  varbinary: { builder: varbinary({ length: 8 }), values: bytes([], [0], [0, 255, 0], [32, 32]) },
  tinyblob: { builder: sqlTyped('tinyblob'), values: bytes([], [255], Buffer.alloc(255, 128)) },
  blob: {
    builder: sqlTyped('blob'),
    values: withLong(bytes([], [0, 1, 2]), 4, bytes(Buffer.alloc(65_535, 7))[0]!),
  },
  mediumblob: {
    builder: sqlTyped('mediumblob'),
    values: withLong(bytes([13, 10], []), 5, bytes(Buffer.alloc(70_000, 254))[0]!),
  },
  longblob: {
    builder: sqlTyped('longblob'),
    values: withLong(bytes([92, 39], [0]), 6, bytes(Buffer.alloc(80_000, 0))[0]!),
  },
}
