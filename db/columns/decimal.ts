import Big from 'big.js'
import type { JsonValue } from '../../core/operation.ts'
import type { ColumnCodec, ValueRule } from './column.ts'
import { explainInteger } from './integer.ts'
import { numberLiteral } from './literal.ts'
import { compareNumericTexts } from './order.ts'
import type { SqlType } from './sql-type.ts'

const defaultPrecision = 10

/**
 * DECIMAL(precision, scale). Canonical is the text that MySQL shows, with all digits of the scale.
 * MySQL would round digits beyond the scale silently; here they are refused. `isNumber`: the program
 * reads it as a double.
 */
export function decimalCodec(type: SqlType, isNumber: boolean): ColumnCodec {
  const [precision = defaultPrecision, scale = 0] = type.sizes
  const whole = precision - scale
  const rule = decimalRule(whole, scale, type.isUnsigned)
  return {
    ...(isNumber ? readAsNumber(rule, scale) : rule),
    form: `decimal text of scale ${scale}`,
    jsonType: `DECIMAL(${precision},${scale})`,
    literal: numberLiteral,
    compare: compareNumericTexts,
    amount: { ...decimalRule(whole, scale, false), isExact: true },
  }
}

/** Its program reads it as a double, which holds some 15 digits: more would be lost there. */
function readAsNumber(rule: ValueRule, scale: number): ValueRule {
  const isKept = (text: JsonValue | undefined) =>
    text === undefined || Big(Number(text)).toFixed(scale) === text
  return {
    ...rule,
    accept(value) {
      const text = rule.accept(value)
      return isKept(text) ? text : undefined
    },
    explain(value) {
      if (isKept(rule.accept(value))) return rule.explain?.(value)
      return "has more digits than a double holds, as which the column's mode number reads it"
    },
  }
}

const plainDecimal = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?$/
const onlyZeros = /^0*$/
/** The longest text that is looked at: DECIMAL has 65 digits; zeros behind them say nothing. */
const maxLength = 100

function decimalRule(wholeDigits: number, scale: number, isUnsigned: boolean): ValueRule {
  const sign = isUnsigned ? ', not negative' : ''
  return {
    expected:
      `a decimal number as a string, with at most ${wholeDigits} digits before the point` +
      ` and ${scale} behind it${sign}`,
    accept(value) {
      if (typeof value === 'number') {
        return Number.isSafeInteger(value) ? canonical(String(value)) : undefined
      }
      return typeof value === 'string' && value.length <= maxLength ? canonical(value) : undefined
    },
    explain(value) {
      if (typeof value === 'number' && !Number.isInteger(value)) {
        return 'must be sent as a string: a JSON number with a fraction is not exact'
      }
      return explainInteger(value)
    },
  }

  function canonical(text: string): JsonValue | undefined {
    const [, minus, whole = '', fraction = ''] = plainDecimal.exec(text) ?? []
    if (minus === undefined) return undefined
    if (whole !== '0' && whole.length > wholeDigits) return undefined
    if (!onlyZeros.test(fraction.slice(scale))) return undefined
    const digits = fraction.slice(0, scale).padEnd(scale, '0')
    const isZero = whole === '0' && onlyZeros.test(digits)
    if (isUnsigned && minus && !isZero) return undefined
    return `${isZero ? '' : minus}${whole}${scale > 0 ? `.${digits}` : ''}`
  }
}
