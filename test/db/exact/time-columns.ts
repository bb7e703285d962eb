import type { MySqlColumnBuilderBase } from 'drizzle-orm/mysql-core'
import { date, datetime, time, timestamp } from 'drizzle-orm/mysql-core'
import { type ExactColumn, type Pair, same } from './exact-column.ts'

const instants = (...texts: string[]): Pair[] =>
  texts.map((utc) => [utc, utc.replace('T', ' ').replace('Z', '')])

const digits = [0, 1, 2, 3, 4, 5, 6] as const

function perDigits(
  name: string,
  make: (fsp: (typeof digits)[number]) => MySqlColumnBuilderBase,
  values: (fraction: string) => readonly Pair[],
): Record<string, ExactColumn> {
  return Object.fromEntries(
    digits.map((fsp) => [
      `${name}${fsp}`,
      { builder: make(fsp), values: values(fsp > 0 ? `.${'987654'.slice(0, fsp)}` : '') },
    ]),
  )
}

const dateTimes = (fraction: string): Pair[] => [
  ...instants(
    `1000-01-01T00:00:00Z`,
    `2026-11-23T03:04:05${fraction}Z`,
    `9999-12-31T23:59:59${fraction.replace(/\d/g, '9')}Z`,
    `1969-12-31T23:59:59${fraction}Z`,
    `2024-02-29T00:00:00Z`,
  ),
  [`2026-11-23T05:34:05${fraction}+02:30`, `2026-11-23 03:04:05${fraction}`],
]
const timestamps = (fraction: string): Pair[] => [
  ...instants(
    `1970-01-01T00:00:01${fraction}Z`,
    `2038-01-19T03:14:07${fraction.replace(/\d/g, '9')}Z`,
    `2026-03-29T01:30:00${fraction}Z`,
  ),
  [`2026-11-22T22:04:05${fraction}-05:00`, `2026-11-23 03:04:05${fraction}`],
]

/** Dates and times, with no to six digits of a second. */
export const timeColumns: Readonly<Record<string, ExactColumn>> = {
  date: { builder: date(), values: same('1000-01-01', '2024-02-29', '9999-12-31') },
  dateText: { builder: date({ mode: 'string' }), values: same('1582-10-10', '2026-11-23') },
  datetime: { builder: datetime(), values: dateTimes('') },
  ...perDigits('datetime', (fsp) => datetime({ fsp }), dateTimes),
  ...perDigits('datetimeText', (fsp) => datetime({ fsp, mode: 'string' }), dateTimes),
  timestamp: { builder: timestamp(), values: timestamps('') },
  ...perDigits('timestamp', (fsp) => timestamp({ fsp }), timestamps),
  timestampText: { builder: timestamp({ fsp: 6, mode: 'string' }), values: timestamps('.000001') },
  time: { builder: time(), values: same('-838:59:59', '838:59:59', '00:00:00') },
  ...perDigits(
    'time',
    (fsp) => time({ fsp }),
    (fraction) =>
      same(`-838:59:58${fraction}`, `838:59:58${fraction}`, `-00:00:00${fraction}`, '100:00:00'),
  ),
}
