import { sql } from 'drizzle-orm'
import { bigint, datetime, int, json, mysqlTable, varchar } from 'drizzle-orm/mysql-core'
import { describe, expect, it } from 'vitest'
import { bits, hash, route } from '../../config/routing.ts'
import type { OperationIssue } from '../../core/object-type.ts'
import type { OperationKind } from '../../core/operation.ts'
import type { DatabaseType } from '../../db/types/database-type.ts'
import { compileType } from './type-problems.ts'

const id = (name: string) => bigint(name, { mode: 'bigint', unsigned: true })
const pins = mysqlTable('pins', {
  id: id('id').primaryKey(),
  userId: id('user_id').notNull(),
  title: varchar('title', { length: 5 }).notNull(),
  link: varchar('link', { length: 9 }),
  metadata: json('metadata'),
  saves: int('saves', { unsigned: true }).notNull().default(0),
  slug: varchar('slug', { length: 9 }).generatedAlwaysAs(sql`lower(title)`),
  token: varchar('token', { length: 9 })
    .notNull()
    .$defaultFn(() => 'made'),
  createdAt: datetime('created_at', { fsp: 3 }).notNull(),
})
const notes = mysqlTable('notes', {
  pinId: id('pin_id').primaryKey(),
  note: varchar('note', { length: 9 }),
})
const pin = compileType({
  shardBy: hash('userId'),
  tables: [pins, { table: notes, map: { pinId: 'id' }, on: ['create', 'upsert', 'delete'] }],
})

const whole = { id: '1', userId: '7', title: 'abc', createdAt: '2026-11-23T03:04:05.123Z' }

function parse(kind: OperationKind, object: unknown, by?: unknown, type: DatabaseType = pin) {
  const issues: OperationIssue[] = []
  const parsed = type.parse(kind, object, by, issues)
  return issues.length > 0 ? issues : parsed
}

describe('an operation', () => {
  it('comes out canonical, and what is canonical comes out as it went in', () => {
    expect(
      parse('create', { ...whole, id: 1, createdAt: '2026-11-23T05:04:05.123+02:00' }),
    ).toEqual({
      object: whole,
    })
    const { object } = pin.parse('create', whole, undefined, [])!
    expect(object).toBe(whole)
  })

  it('does not change what was sent', () => {
    const sent = Object.freeze({ ...whole, id: 1 })
    expect(parse('create', sent)).toEqual({ object: whole })
    expect(sent.id).toBe(1)
  })

  it('has all its errors named with their paths', () => {
    const sent = { id: '01', userId: '7', title: 'abcdef', metadata: Number.NaN, titel: 1 }
    expect(parse('create', sent, { saves: 1 })).toEqual([
      {
        path: '/object/id',
        message: 'must be a plain integer, without leading zeros, plus sign or spaces',
      },
      { path: '/object/title', message: 'has 6 characters, at most 5 fit' },
      { path: '/object/metadata', message: 'holds a number that is too large for a double' },
      {
        path: '/object/titel',
        message:
          'is no property of thing; known are id, userId, title, link, metadata, saves, token, createdAt, note',
      },
      {
        path: '/object/createdAt',
        message:
          'is missing: it must be a date-time in ISO 8601 with an offset such as 2026-11-23T03:04:05.123Z, from 1000-01-01T00:00:00Z to 9999-12-31T23:59:59Z',
      },
      { path: '/by', message: 'belongs to increments only' },
    ])
  })

  it.each([undefined, null, 'text', 7, [whole], true])(
    'whose object is %j is refused',
    (object) => {
      expect(parse('create', object)).toMatchObject([{ path: '/object' }])
    },
  )

  it('can not reach prototypes', () => {
    const sent = JSON.parse(
      '{"id":1,"userId":"7","__proto__":{"title":"x"},"constructor":1,"toString":1}',
    )
    expect((parse('delete', sent) as OperationIssue[]).map(({ path }) => path)).toEqual([
      '/object/__proto__',
      '/object/constructor',
      '/object/toString',
    ])
  })

  it('with a hostile number of members gets a bounded number of errors', () => {
    const sent = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`x${i}`, i]))
    expect(parse('create', sent)).toHaveLength(20)
    const [issue] = parse('delete', { ...whole, ['n'.repeat(1000)]: 1 }) as OperationIssue[]
    expect(issue!.path.length).toBeLessThan(100)
  })

  it('names members with slashes and tildes as JSON pointers do', () => {
    expect(parse('delete', { id: '1', userId: '7', 'a/b~c': 1 })).toMatchObject([
      { path: '/object/a~1b~0c' },
    ])
  })

  it('may not give a value that MySQL computes', () => {
    expect(parse('create', { ...whole, slug: 'x' })).toEqual([
      { path: '/object/slug', message: 'is computed by MySQL: leave it out' },
    ])
  })
})

describe('null', () => {
  it('is taken where the column takes it', () => {
    expect(parse('create', { ...whole, link: null })).toEqual({ object: { ...whole, link: null } })
  })

  it.each(['id', 'userId', 'title', 'saves'])('is refused for %s', (name) => {
    expect(parse('create', { ...whole, [name]: null })).toMatchObject([
      { path: `/object/${name}`, message: expect.stringMatching(/^must be .*, not null$/) },
    ])
  })
})

describe('what each kind of operation takes', () => {
  const key = { id: '1', userId: '7' }

  it('create and upsert: all that an insert needs; defaults may be left out', () => {
    for (const kind of ['create', 'upsert'] as const) {
      expect(parse(kind, whole)).toEqual({ object: whole })
      const issues = parse(kind, key) as OperationIssue[]
      expect(issues.map(({ path }) => path)).toEqual(['/object/title', '/object/createdAt'])
    }
  })

  it('update: key, shard key, and at least one value', () => {
    expect(parse('update', { ...key, link: null })).toEqual({ object: { ...key, link: null } })
    expect(parse('update', key)).toEqual([
      { path: '/object', message: 'sets nothing: give at least one value to change' },
    ])
    expect(parse('update', { id: '1', link: null })).toMatchObject([{ path: '/object/userId' }])
    expect(parse('update', { ...key, note: 'x' })).toEqual([
      { path: '/object/note', message: 'is in no table that is written on update' },
    ])
  })

  it('increment: key, shard key, and amounts', () => {
    expect(parse('increment', key, { saves: '-2' })).toEqual({ object: key, by: { saves: -2 } })
    expect(parse('increment', key, {})).toEqual([
      { path: '/by', message: 'adds nothing: give at least one amount' },
    ])
    expect(parse('increment', key)).toEqual([
      { path: '/by', message: 'must be an object, not absent' },
    ])
    expect(
      parse('increment', { ...key, link: 'x' }, { title: 1, id: 1, saves: null, x: 1 }),
    ).toEqual([
      { path: '/object/link', message: 'has no place in an increment: amounts stand in by' },
      { path: '/by/title', message: 'is nothing that amounts can be added to' },
      { path: '/by/id', message: 'is nothing that amounts can be added to' },
      {
        path: '/by/saves',
        message: 'must be an integer from -4294967295 to 4294967295, not null',
      },
      { path: '/by/x', message: 'is no property of thing' },
    ])
  })

  it('delete: key and shard key, nothing else', () => {
    expect(parse('delete', key)).toEqual({ object: key })
    expect(parse('delete', whole)).toMatchObject([
      {
        path: '/object/title',
        message: 'has no place in a delete, which takes the key and the shard key',
      },
      { path: '/object/createdAt' },
    ])
  })
})

describe('a type with a version', () => {
  const versioned = compileType({
    tables: [
      mysqlTable('t', {
        id: id('id').primaryKey(),
        revision: int('revision').notNull(),
        n: int('n'),
      }),
    ],
    version: 'revision',
  })

  it('takes it in every operation, and as no change by itself', () => {
    const key = { id: '1', revision: 3 }
    expect(parse('delete', key, undefined, versioned)).toEqual({ object: key })
    expect(parse('increment', key, { n: 1 }, versioned)).toEqual({ object: key, by: { n: 1 } })
    expect(parse('update', key, undefined, versioned)).toMatchObject([{ path: '/object' }])
    for (const kind of ['create', 'upsert', 'update', 'delete'] as const) {
      expect(parse(kind, { id: '1', n: 1 }, undefined, versioned)).toContainEqual({
        path: '/object/revision',
        message: 'is missing: it must be an integer from -2147483648 to 2147483647',
      })
    }
    expect(parse('increment', key, { revision: 1 }, versioned)).toMatchObject([
      { path: '/by/revision' },
    ])
  })
})

describe('an object without a shard', () => {
  const table = mysqlTable('t', { id: id('id').primaryKey(), n: int('n') })

  it('is refused', () => {
    const type = compileType({ tables: [table], shardBy: bits('id', { shift: 4, length: 4 }) })
    expect(parse('delete', { id: 0x75 }, undefined, type)).toEqual({ object: { id: '117' } })
    expect(parse('delete', { id: 0x85 }, undefined, type)).toEqual([
      {
        path: '/object/id',
        message: 'leads to shard 8 by bits(id, shift 4, length 4), expected 0 to 7',
      },
    ])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('secret')
      },
    ],
    ['gives no number', () => Number.NaN],
  ])('is refused where the config’s own function %s', (_name, shardOf: () => number) => {
    const type = compileType({ tables: [table], shardBy: route(['id'], shardOf) })
    expect(parse('delete', { id: 1 }, undefined, type)).toEqual([
      { path: '/object/id', message: 'leads to no shard by route(id), expected 0 to 7' },
    ])
  })
})
