import { Buffer } from 'node:buffer'
import type { MySqlColumnBuilderBase } from 'drizzle-orm/mysql-core'
import {
  bigint,
  boolean,
  decimal,
  double,
  float,
  int,
  mediumint,
  real,
  smallint,
  tinyint,
  year,
} from 'drizzle-orm/mysql-core'
import type { JsonValue } from '../../../core/operation.ts'
import { sqlTyped } from '../codec-of.ts'
import { type ExactColumn, same } from './exact-column.ts'

function integers(
  builders: Record<string, [(unsigned: boolean) => MySqlColumnBuilderBase, number]>,
) {
  const columns: Record<string, ExactColumn> = {}
  for (const [name, [make, bits]] of Object.entries(builders)) {
    const half = 2n ** BigInt(bits - 1)
    const signed = [-half, half - 1n, 0n, -1n, 1n]
    const unsigned = [0n, half * 2n - 1n, half, 1n]
    columns[name] = {
      builder: make(false),
      values: signed.map((value) => [wireOf(value), String(value)]),
      sums: [
        ['0', wireOf(half - 1n)],
        ['0', wireOf(-half)],
        [String(half - 1n), wireOf(1n - half * 2n)],
        [String(-half), wireOf(half * 2n - 1n)],
        [null, 1],
      ],
    }
    columns[`${name}Unsigned`] = {
      builder: make(true),
      values: unsigned.map((value) => [wireOf(value), String(value)]),
      sums: [
        ['0', wireOf(half * 2n - 1n)],
        [String(half * 2n - 1n), wireOf(1n - half * 2n)],
        [String(half), wireOf(half - 1n)],
      ],
    }
  }
  return columns
}

function wireOf(integer: bigint): JsonValue {
  const number = Number(integer)
  return Number.isSafeInteger(number) ? number : String(integer)
}

const safe = 2 ** 53 - 1

/** Integers to 64 bits, bits, years, decimals and floating numbers. */
export const numberColumns: Readonly<Record<string, ExactColumn>> = {
  ...integers({
    tiny: [(unsigned) => tinyint({ unsigned }), 8],
    small: [(unsigned) => smallint({ unsigned }), 16],
    medium: [(unsigned) => mediumint({ unsigned }), 24],
    int: [(unsigned) => int({ unsigned }), 32],
    big: [(unsigned) => bigint({ mode: 'bigint', unsigned }), 64],
  }),
  bigNumber: {
    builder: bigint({ mode: 'number' }),
    values: [...same(safe, -safe, 0), ['9007199254740991', '9007199254740991'], ['-5', '-5']],
    sums: [['0', safe]],
  },
  bigNumberUnsigned: {
    builder: bigint({ mode: 'number', unsigned: true }),
    values: same(safe, 0),
    sums: [[String(safe), -safe]],
  },
  boolean: {
    builder: boolean(),
    values: [
      [true, 1],
      [false, 0],
    ],
  },
  bool: {
    builder: sqlTyped('bool'),
    values: [
      [true, 1],
      [false, 0],
    ],
  },
  bit: {
    builder: sqlTyped('bit'),
    values: [
      [1, Buffer.from([1])],
      [0, Buffer.from([0])],
    ],
  },
  bit8: {
    builder: sqlTyped('bit(8)'),
    values: [
      [255, Buffer.from([255])],
      [7, Buffer.from([7])],
    ],
  },
  bit64: {
    builder: sqlTyped('bit(64)'),
    values: [
      ['18446744073709551615', Buffer.alloc(8, 255)],
      ['9223372036854775808', Buffer.from([128, 0, 0, 0, 0, 0, 0, 0])],
      [0, Buffer.alloc(8)],
    ],
  },
  year: { builder: year(), values: [...same(0, 1901, 2155), ['2026', 2026]] },
  decimal: {
    builder: decimal(),
    values: same('0', '-9999999999', '9999999999', 7),
    sums: [['9999999999', '-9999999999']],
  },
  decimalWide: {
    builder: decimal({ precision: 65, scale: 30 }),
    values: [
      ...same(
        `-${'9'.repeat(35)}.${'9'.repeat(30)}`,
        `0.${'0'.repeat(29)}1`,
        '1.50',
        '-0.000',
        '12345678901234567890.123456789',
      ),
    ],
    sums: [
      [`-0.${'0'.repeat(29)}1`, `${'9'.repeat(35)}.${'9'.repeat(30)}`],
      ['0.1', '0.2'],
    ],
  },
  decimalUnsigned: {
    builder: decimal({ precision: 5, scale: 2, unsigned: true }),
    values: same('0', '999.99', '1.5'),
    sums: [['999.99', '-999.99']],
  },
  decimalNumber: {
    builder: decimal({ precision: 20, scale: 4, mode: 'number' }),
    values: same('0.1', '-123456789.0001', 5, '99999999999.9999'),
  },
  decimalNumberUnsigned: {
    builder: decimal({ precision: 5, scale: 0, mode: 'number', unsigned: true }),
    values: same(0, 99999),
  },
  decimalBigint: {
    builder: decimal({ precision: 40, mode: 'bigint' }),
    values: same('9'.repeat(40), `-${'9'.repeat(40)}`, 0),
  },
  decimalBigintUnsigned: {
    builder: decimal({ precision: 40, mode: 'bigint', unsigned: true }),
    values: same('9'.repeat(40), 0),
  },
  numeric: { builder: sqlTyped('numeric(9, 2)'), values: same('1.5', '-9999999.99') },
  float: {
    builder: float(),
    values: [
      ...same(0.1, -1.5, 0, 3.4028234663852886e38, 1.401298464324817e-45, 16777217, 1 / 3),
      [-0, 0],
    ],
    sums: [
      [0.2, 0.1],
      [16777216, 1.5],
      [1 / 3, 1e-9],
    ],
  },
  floatUnsigned: { builder: float({ unsigned: true }), values: same(0, 0.7, 3e38) },
  double: {
    builder: double(),
    values: [
      ...same(0.1, 1.7976931348623157e308, -1.7976931348623157e308, 5e-324, -1e23, 0, 2 ** 53 + 2),
      [-0, 0],
    ],
    sums: [
      [0.1, 0.2],
      [1e16, 1],
      [0, -1.7976931348623157e308],
    ],
  },
  doubleUnsigned: { builder: double({ unsigned: true }), values: same(0, 1e300) },
  doublePrecision: { builder: sqlTyped('double precision'), values: same(1 / 3) },
  real: { builder: real(), values: same(0.1, 1e308) },
}
