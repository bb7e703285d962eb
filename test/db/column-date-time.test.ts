import { date, datetime, time, timestamp } from 'drizzle-orm/mysql-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codec, toldOf } from './codec-of.ts'

describe('a date column', () => {
  const column = codec(date())

  it.each(['1000-01-01', '2024-02-29', '2000-02-29', '2026-12-31', '9999-12-31'])(
    'takes %s',
    (text) => expect(column.accept(text)).toBe(text),
  )

  it.each([
    '2026-02-29',
    '1900-02-29',
    '2026-04-31',
    '2026-13-01',
    '2026-00-10',
    '2026-01-00',
    '0999-01-01',
    '2026-1-1',
    '2026-01-01T00:00:00Z',
    '20260101',
    20260101,
  ])('refuses %j', (value) => {
    expect(toldOf(column, value)).toMatch(/^must be a date of the calendar such as 2026-11-23/)
  })
})

describe('a datetime column', () => {
  const milliseconds = codec(datetime({ fsp: 3 }))
  const seconds = codec(datetime())

  it('gives UTC with all digits of the column', () => {
    const same = '2026-11-23T03:04:05.120Z'
    for (const text of [
      same,
      '2026-11-23T03:04:05.12Z',
      '2026-11-23T03:04:05.120000+00:00',
      '2026-11-23T05:04:05.12+02:00',
      '2026-11-22T22:34:05.12-04:30',
    ]) {
      expect(milliseconds.accept(text)).toBe(same)
    }
    expect(seconds.accept('2027-01-01T00:30:00.000+01:00')).toBe('2026-12-31T23:30:00Z')
    expect(codec(datetime({ fsp: 6 })).accept('2026-11-23T03:04:05.123456Z')).toBe(
      '2026-11-23T03:04:05.123456Z',
    )
  })

  it('refuses digits that it would lose', () => {
    expect(toldOf(milliseconds, '2026-11-23T03:04:05.1234Z')).toBe(
      'has more than the 3 digits of a second that the column keeps',
    )
    expect(toldOf(seconds, '2026-11-23T03:04:05.5Z')).toBe(
      'has more than the 0 digits of a second that the column keeps',
    )
  })

  it('refuses a time without its offset', () => {
    expect(toldOf(milliseconds, '2026-11-23T03:04:05.123')).toBe(
      'must end with its offset from UTC: Z, or such as +02:00',
    )
  })

  it.each([
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00+02:00',
    '2026-11-23T24:00:00Z',
    '2026-11-23T03:60:00Z',
    '2026-11-23T03:04:60Z',
    '2026-11-23T03:04:05+24:00',
    '2026-11-23 03:04:05Z',
    '2026-11-23T03:04Z',
    '2026-11-23',
    'now',
    '',
    1795402845123,
    null,
  ])('refuses %j', (value) => {
    expect(milliseconds.accept(value)).toBeUndefined()
    expect(toldOf(milliseconds, value)).toMatch(
      /^must be a date-time in ISO 8601 with an offset such as 2026-11-23T03:04:05.123Z/,
    )
  })

  it('keeps within the years 1000 to 9999 in UTC', () => {
    expect(seconds.accept('1000-01-01T00:00:00Z')).toBe('1000-01-01T00:00:00Z')
    expect(seconds.accept('9999-12-31T23:59:59Z')).toBe('9999-12-31T23:59:59Z')
    expect(milliseconds.accept('9999-12-31T23:59:59.999Z')).toBe('9999-12-31T23:59:59.999Z')
    for (const beyond of [
      '1000-01-01T00:00:00+00:01',
      '9999-12-31T23:59:59-00:01',
      '0000-01-01T00:00:00+01:00',
    ]) {
      expect(seconds.accept(beyond)).toBeUndefined()
    }
  })

  it('takes what JavaScript writes, unchanged, and its own canonical texts again', () => {
    const min = new Date('1000-01-01T00:00:00Z')
    const max = new Date('9999-12-31T23:59:59.999Z')
    fc.assert(
      fc.property(
        fc.date({ min, max, noInvalidDate: true }),
        fc.integer({ min: -1439, max: 1439 }),
        (at, offset) => {
          const text = at.toISOString()
          expect(milliseconds.accept(text)).toBe(text)
          const local = new Date(at.getTime() + offset * 60_000)
          if (local < min || local > max) return
          const [hours, minutes] = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60]
          const zone = `${offset < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`
          expect(milliseconds.accept(local.toISOString().replace('Z', zone))).toBe(text)
        },
      ),
    )
  })
})

describe('a timestamp column', () => {
  it('keeps within what MySQL can store', () => {
    const column = codec(timestamp({ fsp: 6 }))
    expect(column.accept('1970-01-01T00:00:01Z')).toBe('1970-01-01T00:00:01.000000Z')
    expect(column.accept('2038-01-19T03:14:07.999999Z')).toBe('2038-01-19T03:14:07.999999Z')
    expect(column.accept('1970-01-01T00:00:00.999999Z')).toBeUndefined()
    expect(column.accept('2038-01-19T03:14:08Z')).toBeUndefined()
  })
})

describe('a time column', () => {
  const column = codec(time({ fsp: 3 }))

  it('gives all digits of the column', () => {
    expect(
      ['03:04:05', '-03:04:05.5', '100:00:00', '-00:00:00', '838:59:59'].map((v) =>
        column.accept(v),
      ),
    ).toEqual(['03:04:05.000', '-03:04:05.500', '100:00:00.000', '00:00:00.000', '838:59:59.000'])
    expect(codec(time()).accept('003:04:05')).toBe('03:04:05')
  })

  it.each([
    '838:59:59.001',
    '839:00:00',
    '24:60:00',
    '1:00:00',
    '03:04',
    '03:04:05.1234',
    'noon',
    5,
  ])('refuses %j', (value) => expect(column.accept(value)).toBeUndefined())

  it('orders as spans', () => {
    const texts = [
      '-100:00:00.000',
      '-01:00:00.000',
      '00:00:00.001',
      '02:00:00.000',
      '100:00:00.000',
    ]
    expect([...texts].reverse().sort(column.compare)).toEqual(texts)
  })
})
