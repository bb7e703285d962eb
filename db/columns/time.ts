import type { ColumnCodec } from './column.ts'
import { hasMore } from './date-time.ts'
import { textLiteral } from './literal.ts'
import { compareNumericTexts } from './order.ts'
import type { SqlType } from './sql-type.ts'

const timePattern = /^(-?)(\d{2,3}):([0-5]\d):([0-5]\d)(?:\.(\d{1,12}))?$/
/** TIME is a span rather than a time of day. */
const maxHours = 838

/** TIME(fsp): `hh:mm:ss` with a fraction, from -838:59:59 to 838:59:59. Canonical has all digits. */
export function timeCodec(type: SqlType): ColumnCodec {
  const digits = type.sizes[0] ?? 0
  return {
    expected: `a time such as 03:04:05, from -838:59:59 to 838:59:59, with at most ${digits} digits of a second`,
    accept(value) {
      const match = typeof value === 'string' ? timePattern.exec(value) : null
      if (!match) return undefined
      const [, minus, hours, minutes, seconds, fraction = ''] = match
      if (hasMore(fraction, digits)) return undefined
      const kept = fraction.slice(0, digits).padEnd(digits, '0')
      const wholeHours = Number(hours)
      const isLast = wholeHours === maxHours && minutes === '59' && seconds === '59'
      if (wholeHours > maxHours || (isLast && /[^0]/.test(kept))) return undefined
      const span = `${String(wholeHours).padStart(2, '0')}:${minutes}:${seconds}${kept && `.${kept}`}`
      return /[1-9]/.test(span) ? `${minus}${span}` : span
    },
    form: `time with ${digits} digits`,
    jsonType: `TIME(${digits})`,
    literal: textLiteral,
    compare: compareNumericTexts,
  }
}
