import { Buffer } from 'node:buffer'
import { sql } from 'drizzle-orm'
import { customType, datetime, mysqlEnum, varbinary } from 'drizzle-orm/mysql-core'
import { describe, expect, it } from 'vitest'
import { codecOf } from '../../db/columns/codec.ts'
import { programValues } from '../../db/columns/program-value.ts'
import { codec, columnOf, sqlTyped, toldOf } from './codec-of.ts'

const uuid = customType<{ data: string; driverData: Buffer }>({
  dataType: () => 'binary(16)',
  toDriver(value) {
    if (!/^[0-9a-f-]{36}$/.test(value)) throw new Error(`no UUID: ${value}`)
    return Buffer.from(value.replaceAll('-', ''), 'hex')
  },
})

describe('a custom type', () => {
  it('is its SQL type where it brings no encoder', () => {
    expect(codec(sqlTyped('BIGINT(20) UNSIGNED')).accept(7)).toBe('7')
    expect(codec(sqlTyped('numeric(5, 2)')).accept('1')).toBe('1.00')
    expect(codec(sqlTyped('double precision')).accept(1.5)).toBe(1.5)
  })

  it("keeps the program's value on the wire and encodes it for the statement", () => {
    const column = codec(uuid())
    const value = '00010203-0405-0607-0809-0a0b0c0d0e0f'
    expect(column.accept(value)).toBe(value)
    expect(column.encode!(value)).toBe('AAECAwQFBgcICQoLDA0ODw==')
    expect(column.encode!(null)).toBeNull()
    expect(column.fromJson).toBeDefined()
  })

  it('refuses what its encoder refuses, without repeating the value', () => {
    expect(toldOf(codec(uuid()), 'secret')).toBe("is refused by the column's own type")
  })

  it('refuses what its encoder makes unfit for MySQL', () => {
    const short = customType<{ data: string }>({
      dataType: () => 'varchar(3)',
      toDriver: (value) => `${value}${value}`,
    })
    expect(toldOf(codec(short()), 'a')).toBe('accepted')
    expect(toldOf(codec(short()), 'ab')).toBe(
      'makes a value for MySQL that has 4 characters, at most 3 fit',
    )
    const computed = customType<{ data: string }>({
      dataType: () => 'varchar(3)',
      toDriver: () => sql`now()`,
    })
    expect(toldOf(codec(computed()), 'a')).toMatch(/^makes a value for MySQL that must be a string/)
  })

  it('has no exact equality, so no key is made of it', () => {
    expect(codec(uuid()).compare).toBeUndefined()
  })

  it.each([
    ...['point', 'geometry', 'vector(3)', 'frobnicate'].map((type) => [
      type,
      `its type ${type} is none that Sluice writes exactly: leave it out of the table that Sluice gets to know, or use a blob or a text`,
    ]),
    ['varchar(9) character set latin1', 'its character set is latin1, expected utf8mb4'],
  ])('%s is refused with the reason', (dataType, unsupported) => {
    expect(codecOf(columnOf(sqlTyped(dataType)))).toEqual({ unsupported })
  })
})

describe("a program's own default", () => {
  it('becomes the canonical wire value', () => {
    const at = new Date('2026-11-23T03:04:05.987Z')
    expect(programValues(columnOf(datetime({ fsp: 6 })))(at)).toBe('2026-11-23T03:04:05.987000Z')
    expect(programValues(columnOf(datetime()))(at)).toBe('2026-11-23T03:04:05Z')
    expect(programValues(columnOf(sqlTyped('date')))(at)).toBe('2026-11-23')
    expect(programValues(columnOf(sqlTyped('bigint')))(7n)).toBe('7')
    expect(programValues(columnOf(sqlTyped('varbinary(4)')))(Buffer.from([1, 2]))).toBe('AQI=')
    // As a driver has it: a text for bytes is its UTF-8, and no base64.
    expect(programValues(columnOf(varbinary({ length: 4 })))('text')).toBe('dGV4dA==')
    expect(programValues(columnOf(uuid()))('00010203-0405-0607-0809-0a0b0c0d0e0f')).toMatch(/^0001/)
    expect(programValues(columnOf(sqlTyped('int')))(null)).toBeNull()
  })

  it('that the column can not hold is an error', () => {
    expect(() => programValues(columnOf(mysqlEnum(['a'])))('b')).toThrow(
      'column c: its default must be one of "a"',
    )
  })
})
