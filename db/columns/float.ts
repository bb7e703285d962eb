import type { ColumnCodec, ValueRule } from './column.ts'
import { numberLiteral } from './literal.ts'
import type { SqlType } from './sql-type.ts'

/** The largest FLOAT; MySQL refuses what would round to more. */
const floatMax = 3.4028234663852886e38
/** FLOAT(25) and above are doubles. */
const floatPrecision = 24

/** FLOAT, DOUBLE, REAL: JSON numbers. They have no exact equality, so no key is made of them. */
export function floatCodec(type: SqlType): ColumnCodec {
  const isSingle =
    type.name === 'float' && !(type.sizes.length === 1 && type.sizes[0]! > floatPrecision)
  const max = isSingle ? floatMax : Number.MAX_VALUE
  return {
    ...floatRule(type.isUnsigned ? 0 : -max, max),
    form: 'number',
    jsonType: isSingle ? 'FLOAT' : 'DOUBLE',
    literal: numberLiteral,
    amount: { ...floatRule(-max, max), isExact: false },
  }
}

function floatRule(min: number, max: number): ValueRule {
  return {
    expected: min === 0 ? `a number from 0 to ${max}` : `a number from ${min} to ${max}`,
    accept(value) {
      const isTaken = typeof value === 'number' && value >= min && value <= max
      return isTaken ? value + 0 : undefined
    },
  }
}
