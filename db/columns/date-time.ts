import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { ColumnCodec } from './column.ts'
import { dateTimeLiteral, textLiteral } from './literal.ts'
import { compareTexts } from './order.ts'
import type { SqlType } from './sql-type.ts'

const datePattern = /^[1-9]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/

/** DATE: `2026-11-23`, from 1000-01-01 on. */
export function dateCodec(): ColumnCodec {
  return {
    expected: 'a date of the calendar such as 2026-11-23, from the year 1000 to 9999',
    accept(value) {
      const isDate = typeof value === 'string' && datePattern.test(value) && isInMonth(value)
      return isDate ? value : undefined
    },
    form: 'date',
    jsonType: 'DATE',
    literal: textLiteral,
    compare: compareTexts,
  }
}

/** Ends of a range as the texts of their seconds in UTC, which order as the times do. */
interface Range {
  readonly first: string
  readonly last: string
}

const ranges: Readonly<Record<string, Range>> = {
  datetime: { first: '1000-01-01T00:00:00', last: '9999-12-31T23:59:59' },
  timestamp: { first: '1970-01-01T00:00:01', last: '2038-01-19T03:14:07' },
}

const secondsLength = 'YYYY-MM-DDThh:mm:ss'.length
const seconds =
  '\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d'
const instantPattern = new RegExp(
  `^${seconds}(?:\\.(\\d{1,12}))?(?:Z|([+-])([01]\\d|2[0-3]):([0-5]\\d))$`,
)

/**
 * DATETIME(fsp) and TIMESTAMP(fsp): ISO 8601 with an offset. Canonical is UTC with all digits of the
 * column, `2026-11-23T03:04:05.123Z`, as JavaScript writes it.
 *
 * Drizzle's own encoder is left out: it goes through Date, which loses what is below a millisecond.
 */
export function dateTimeCodec(type: SqlType): ColumnCodec {
  const digits = type.sizes[0] ?? 0
  const range = ranges[type.name]!
  const canonicalPattern = new RegExp(`^${seconds}${digits > 0 ? `\\.\\d{${digits}}` : ''}Z$`)
  const textLength = secondsLength + (digits > 0 ? 1 + digits : 0)
  return {
    expected:
      `a date-time in ISO 8601 with an offset such as ${example(digits)},` +
      ` from ${range.first}Z to ${range.last}Z`,
    accept(value) {
      if (typeof value !== 'string') return undefined
      const utc = canonicalPattern.test(value) ? value : toUtc(value, digits)
      return utc !== undefined && isInMonth(utc) && isInRange(utc, range) ? utc : undefined
    },
    explain(value) {
      if (typeof value !== 'string') return undefined
      const fraction = instantPattern.exec(value)?.[1] ?? ''
      if (hasMore(fraction, digits)) {
        return `has more than the ${digits} digits of a second that the column keeps`
      }
      if (/T[\d:.]+$/.test(value)) return 'must end with its offset from UTC: Z, or such as +02:00'
      return undefined
    },
    form: `date-time with ${digits} digits`,
    // MySQL takes an offset only for what TIMESTAMP can hold, and no Z: cut it off. The session's
    // time zone is UTC, so the text means the same in either type.
    jsonType: `VARCHAR(${textLength + 1})`,
    fromJson: (value: SQL) => sql`LEFT(${value}, ${sql.raw(String(textLength))})`,
    literal: dateTimeLiteral,
    compare: compareTexts,
  }
}

function toUtc(text: string, digits: number): string | undefined {
  const match = instantPattern.exec(text)
  if (!match || !isInMonth(text)) return undefined
  const [, fraction = '', sign, hours, minutes] = match
  if (hasMore(fraction, digits)) return undefined
  let utcSeconds = text.slice(0, secondsLength)
  const offsetMinutes = sign ? Number(hours) * 60 + Number(minutes) : 0
  if (offsetMinutes !== 0) {
    const shiftMs = offsetMinutes * (sign === '-' ? 60_000 : -60_000)
    utcSeconds = new Date(Date.parse(`${utcSeconds}Z`) + shiftMs).toISOString().slice(0, -5)
  }
  return digits > 0
    ? `${utcSeconds}.${fraction.slice(0, digits).padEnd(digits, '0')}Z`
    : `${utcSeconds}Z`
}

/** Whether a second's fraction has other digits than zeros behind those that are kept. */
export function hasMore(fraction: string, digits: number): boolean {
  return fraction.length > digits && /[^0]/.test(fraction.slice(digits))
}

function isInRange(utc: string, { first, last }: Range): boolean {
  // What follows the seconds makes a text longer, and so greater: only up to the last second's end.
  return utc >= first && utc.slice(0, secondsLength) <= last
}

/** Whether a text that begins with a well-formed date names a day that its month has. */
function isInMonth(text: string): boolean {
  const day = (text.charCodeAt(8) - 48) * 10 + text.charCodeAt(9) - 48
  return day <= 28 || day <= daysInMonth(Number(text.slice(0, 4)), Number(text.slice(5, 7)))
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function example(digits: number): string {
  return `2026-11-23T03:04:05${digits > 0 ? `.${'123456'.slice(0, digits)}` : ''}Z`
}
