import { Buffer } from 'node:buffer'
import { binary, varbinary } from 'drizzle-orm/mysql-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codec, sqlTyped, toldOf } from './codec-of.ts'

describe('a binary column', () => {
  it('takes base64 and counts bytes', () => {
    const column = codec(varbinary({ length: 4 }))
    expect(column.accept('AQIDBA==')).toBe('AQIDBA==')
    expect(column.accept('')).toBe('')
    expect(toldOf(column, 'AQIDBAU=')).toBe('has 5 bytes, at most 4 fit')
  })

  it.each(['AQI', 'AQI==', 'A_I=', 'AQJ=', 'AQ I=', 'äö', '!!!!'])('refuses %j', (text) => {
    expect(toldOf(codec(varbinary({ length: 40 })), text)).toBe('must be base64 (RFC 4648, padded)')
  })

  it('fills up with zero bytes where its length is fixed', () => {
    const column = codec(binary({ length: 4 }))
    expect(column.accept('AQI=')).toBe('AQIAAA==')
    expect(column.accept('AQIAAA==')).toBe('AQIAAA==')
  })

  it('takes any bytes, unchanged', () => {
    const column = codec(sqlTyped('blob'))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64')
        expect(column.accept(text)).toBe(text)
      }),
    )
  })
})
