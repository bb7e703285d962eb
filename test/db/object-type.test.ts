import { type SQL, sql } from 'drizzle-orm'
import {
  type AnyMySqlColumn,
  bigint,
  check,
  datetime,
  double,
  foreignKey,
  int,
  json,
  mysqlTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
  varchar,
} from 'drizzle-orm/mysql-core'
import { describe, expect, it } from 'vitest'
import { bits, hash, modulo, ranges } from '../../config/routing.ts'
import { collationRequirements } from '../../db/live-requirements.ts'
import { sqlTyped } from './codec-of.ts'
import { compileType, compileTypes, problemsOf, problemsOfTable } from './type-problems.ts'

const id = () => bigint('id', { mode: 'bigint', unsigned: true }).primaryKey()
const things = mysqlTable('things', { id: id(), name: varchar('name', { length: 9 }) })

describe('a type is refused', () => {
  it('where a table has no unique key of the type’s key alone', () => {
    const wider = mysqlTable(
      'wider',
      { id: bigint('id', { mode: 'bigint' }).notNull(), at: int('at').notNull() },
      (table) => [primaryKey({ columns: [table.at, table.id] })],
    )
    expect(problemsOfTable(wider)).toEqual([
      'type thing: table wider: expected a unique key of (id) alone, found (at, id)',
    ])
    const bare = mysqlTable('bare', { id: bigint('id', { mode: 'bigint' }).notNull() })
    expect(problemsOfTable(bare)).toEqual([
      'type thing: table bare: expected a unique key of (id) alone, found none',
    ])
  })

  it('where a table lacks a key column, with what to do about it', () => {
    const links = mysqlTable('links', {
      thingId: bigint('thing_id', { mode: 'bigint' }).primaryKey(),
    })
    expect(problemsOf({ tables: [things, links] })).toEqual([
      "type thing: table links: expected a column for the key property id, found none: name it in the table's map",
    ])
    expect(problemsOf({ tables: [things, { table: links, map: { thing_id: 'id' } }] })).toContain(
      'type thing: table links: map names thing_id, expected one of thingId',
    )
  })

  it('where a key column may be NULL, approximate, or compares loosely', () => {
    const loose = mysqlTable('loose', { id: varchar('id', { length: 9 }).unique() })
    expect(problemsOfTable(loose)).toEqual([
      'type thing: table loose: expected key column id NOT NULL, found nullable',
    ])
    const approximate = mysqlTable('approximate', { id: double('id').primaryKey() })
    expect(problemsOfTable(approximate)[0]).toBe(
      'type thing: key property id: expected a type with exact equality, found none: use an integer, decimal, char, varchar, binary, varbinary, date or time type, or enum',
    )
    const collated = mysqlTable('collated', {
      id: sqlTyped('varchar(9) collate utf8mb4_general_ci').primaryKey(),
    })
    expect(problemsOfTable(collated)).toEqual([
      'type thing: table collated: expected collation utf8mb4_0900_bin for key column id, found utf8mb4_general_ci',
    ])
  })

  it('where its first table is not written on every kind of operation', () => {
    expect(problemsOf({ tables: [{ table: things, on: ['create', 'upsert', 'delete'] }] })).toEqual(
      [
        'type thing: expected its first table things on every kind of operation, found none on update, increment: an object exists where its row in the first table does',
      ],
    )
  })

  it('where two columns take one property, or a property has two types', () => {
    const twice = mysqlTable('twice', { id: id(), other: int('other') })
    expect(problemsOf({ tables: [{ table: twice, map: { other: 'id' } }] })).toEqual([
      'type thing: table twice: columns id and other both take the property id: give one of them another name in map',
    ])
    const names = mysqlTable('names', { id: id(), name: int('name') })
    expect(problemsOf({ tables: [things, names] })).toEqual([
      'type thing: property name: expected one type in all its tables, found things.name varchar(9), names.name int',
    ])
  })

  it('where a column has a type that can not be written exactly', () => {
    const places = mysqlTable('places', { id: id(), at: sqlTyped('point') })
    expect(problemsOfTable(places)).toEqual([
      'type thing: table places: column at: its type point is none that Sluice writes exactly: leave it out of the table that Sluice gets to know, or use a blob or a text',
    ])
  })

  it('where the way to the shard does not fit', () => {
    expect(problemsOf({ tables: [things], shardBy: hash('owner') })).toEqual([
      'type thing: shardBy hash(owner): expected a column for owner in things, found none',
    ])
    const named = mysqlTable('named', { id: id(), name: varchar('name', { length: 9 }).notNull() })
    expect(problemsOf({ tables: [named], shardBy: modulo('name') })).toEqual([
      'type thing: shardBy modulo(name): expected an integer column for name, found varchar(9)',
    ])
    expect(problemsOf({ tables: [things], shardBy: bits('id', { shift: 46, length: 2 }) })).toEqual(
      [
        'type thing: shardBy bits(id, shift 46, length 2): expected a length that holds 8 shards, found 2 bits for 4',
      ],
    )
    expect(problemsOf({ tables: [things], shardBy: ranges('id', [1, 2]) })).toEqual([
      'type thing: shardBy ranges(id): expected 7 bounds for 8 shards, found 2',
    ])
    const noted = mysqlTable('noted', { id: id(), note: text('note').notNull() })
    expect(problemsOf({ tables: [noted], shardBy: hash('note') })[0]).toMatch(
      /^type thing: shardBy hash\(note\): expected a type with exact equality for note/,
    )
  })

  it('where its version can not guard', () => {
    const versioned = mysqlTable('versioned', {
      id: id(),
      name: varchar('name', { length: 9 }).notNull(),
      revision: int('revision'),
    })
    const problems = (version: string) => problemsOf({ tables: [versioned], version })
    expect(problems('rev')).toEqual([
      'type thing: version rev: expected a property of versioned, one of id, name, revision',
    ])
    expect(problems('id')).toEqual([
      'type thing: version id: expected a property that can change, found one of the key or the shard key',
    ])
    expect(problems('name')).toEqual([
      'type thing: version name: expected an integer, decimal, date or date-time column, found varchar(9)',
    ])
    expect(problems('revision')).toEqual([
      'type thing: version revision: expected a NOT NULL column, found a nullable one',
    ])
  })

  it('where its table is another type’s', () => {
    expect(() =>
      compileTypes({ thing: { tables: [things] }, other: { tables: [things] } }),
    ).toThrow("type other: its table belongs to thing already: two types can't keep a row's order")
  })

  it('with everything that is wrong at once', () => {
    const bare = mysqlTable('bare', { id: bigint('id', { mode: 'bigint' }), at: sqlTyped('point') })
    expect(problemsOf({ tables: [bare], version: 'at', shardBy: hash('x') })).toHaveLength(5)
  })
})

describe('a compiled type', () => {
  const pairs = mysqlTable(
    'pairs',
    {
      note: varchar('note', { length: 9 }),
      right: varchar('right_name', { length: 9 }).notNull(),
      owner: int('owner').notNull(),
      left: int('left_id').notNull(),
      total: int('total').generatedAlwaysAs(sql`owner + left_id`),
    },
    (table) => [primaryKey({ columns: [table.left, table.right] })],
  )
  const pair = compileType({ tables: [pairs], key: ['left', 'right'], shardBy: hash('owner') })

  it('has its columns in the order of key, shard key, values, generated ones left out', () => {
    const columns = pair.databaseTables[0]!.columns
    expect(columns.map(({ name, property, role }) => [name, property, role])).toEqual([
      ['left_id', 'left', 'key'],
      ['right_name', 'right', 'key'],
      ['owner', 'owner', 'shard'],
      ['note', 'note', 'value'],
    ])
  })

  it('orders objects as the key’s index does', () => {
    const of = (left: number, right: string) => ({ left, right })
    const sorted = [of(-1, 'z'), of(2, '\uffee'), of(2, '𝄞'), of(10, '')]
    expect([...sorted].reverse().sort(pair.compareKeys)).toEqual(sorted)
  })

  it('routes 7 and "7" to one shard, the one that SQL computes', () => {
    const type = compileType({ tables: [things] })
    const [a, b] = [7, '7'].map((id) => type.parse('delete', { id }, undefined, [])!.object)
    expect(type.shardOf(a!)).toBe(type.shardOf(b!))
    // SELECT CRC32('7') % 8
    expect(type.shardOf(a!)).toBe(2)
  })

  it('names string keys whose collation only the database knows', () => {
    expect(collationRequirements([pair])).toMatchObject([
      { type: 'thing', table: 'pairs', column: 'right_name', expected: 'utf8mb4_0900_bin' },
    ])
    expect(collationRequirements([compileType({ tables: [things] })])).toEqual([])
  })
})

describe('merging is told', () => {
  const rulesOf = (type: ReturnType<typeof compileType>) =>
    Object.fromEntries([...type.properties].map(([name, { constrained }]) => [name, constrained]))

  it('which values the database may refuse', () => {
    const parents = mysqlTable('parents', { id: id() })
    const table = mysqlTable(
      'constrained',
      {
        id: id(),
        free: int('free'),
        inUnique: int('in_unique'),
        inUniqueToo: int('in_unique_too').unique(),
        inIndex: int('in_index'),
        withKey: int('with_key'),
        inExpression: varchar('in_expression', { length: 9 }),
        inCheck: int('in_check'),
        inRawCheck: int('in_raw_check'),
        parentId: bigint('parent_id', { mode: 'bigint', unsigned: true }),
        base: int('base'),
        derived: int('derived')
          .generatedAlwaysAs((): SQL => sql`base * 2`)
          .unique(),
      },
      (t) => [
        unique().on(t.inUnique, t.inUniqueToo),
        unique().on(t.withKey, t.id),
        uniqueIndex('i').on(t.inIndex),
        uniqueIndex('e').on(sql`(lower(${t.inExpression}))`),
        check('c', sql`${t.inCheck} > 0`),
        check('r', sql.raw('IN_RAW_CHECK > 0')),
        foreignKey({ columns: [t.parentId], foreignColumns: [parents.id] }),
      ],
    )
    expect(rulesOf(compileType({ tables: [table] }))).toEqual({
      id: false,
      free: false,
      inUnique: true,
      inUniqueToo: true,
      inIndex: true,
      // A unique key that holds the whole key of the type can only clash with the object itself.
      withKey: false,
      inExpression: true,
      inCheck: true,
      inRawCheck: true,
      parentId: true,
      base: true,
    })
  })

  it('which types foreign keys tie to others, at both ends', () => {
    const parents = mysqlTable('parents', { id: id() })
    const children = mysqlTable('children', {
      id: id(),
      parentId: bigint('parent_id', { mode: 'bigint', unsigned: true }).references(
        () => parents.id,
      ),
    })
    const types = compileTypes({
      parent: { tables: [parents] },
      child: { tables: [children] },
      thing: { tables: [things] },
    })
    expect(
      [...types.values()].map(({ name, ordinal, independent }) => [name, ordinal, independent]),
    ).toEqual([
      ['parent', 0, false],
      ['child', 1, false],
      ['thing', 2, true],
    ])
  })

  it('which values others decide about too', () => {
    const parents = mysqlTable('parents', { id: id() })
    const table = mysqlTable(
      'shared',
      {
        id: id(),
        free: int('free'),
        inUnique: int('in_unique').unique(),
        withKey: int('with_key'),
        inCheck: int('in_check'),
        parentId: bigint('parent_id', { mode: 'bigint', unsigned: true }).references(
          () => parents.id,
        ),
      },
      (t) => [unique().on(t.withKey, t.id), check('c', sql`${t.inCheck} > 0`)],
    )
    const type = compileType({ tables: [table] })
    const shared = [...type.properties].filter(([, rules]) => rules.shared).map(([name]) => name)
    expect(shared).toEqual(['inUnique', 'parentId'])
    expect([type.entangled, compileType({ tables: [things] }).entangled]).toEqual([true, false])
  })

  it('which objects foreign keys lead to, and what a cascade reaches', () => {
    const big = (name: string) => bigint(name, { mode: 'bigint', unsigned: true })
    const parents = mysqlTable(
      'parents',
      {
        shop: big('shop').notNull(),
        id: big('id').notNull(),
        code: int('code').notNull().unique(),
      },
      (t) => [primaryKey({ columns: [t.id, t.shop] })],
    )
    const children = mysqlTable(
      'children',
      { id: id(), shop: big('shop').notNull(), parent: big('parent'), code: int('code') },
      (t) => [
        foreignKey({
          columns: [t.shop, t.parent],
          foreignColumns: [parents.shop, parents.id],
        }).onDelete('cascade'),
        foreignKey({ columns: [t.code], foreignColumns: [parents.code] }),
      ],
    )
    const leaves = mysqlTable('leaves', {
      id: id(),
      childId: big('child_id').references(() => children.id, { onDelete: 'set null' }),
      nextId: big('next_id').references((): AnyMySqlColumn => leaves.id),
    })
    const names = mysqlTable('leaf_names', { id: id().references(() => leaves.id) })
    const types = compileTypes({
      parent: { tables: [parents], key: ['id', 'shop'], shardBy: hash('shop') },
      child: { tables: [children], shardBy: hash('shop') },
      leaf: { tables: [leaves, names] },
    })
    const told = [...types.values()].map(({ parents: links, referenced, cascadesTo }) => ({
      links: links.map(({ parent, properties, changeable, isByKey }) => [
        parent,
        properties.join(),
        changeable.join(),
        isByKey,
      ]),
      referenced,
      cascadesTo,
    }))
    expect(told).toEqual([
      { links: [], referenced: ['code'], cascadesTo: ['child', 'leaf'] },
      {
        links: [
          // In the order of the parent's key; a shard key is never changed.
          ['parent', 'parent,shop', 'parent', true],
          ['parent', 'code', 'code', false],
        ],
        referenced: [],
        cascadesTo: ['leaf'],
      },
      {
        // The one between the tables of the same object is none.
        links: [
          ['child', 'childId', 'childId', true],
          ['leaf', 'nextId', 'nextId', true],
        ],
        referenced: [],
        cascadesTo: [],
      },
    ])
    expect([...types.values()].every(({ entangled }) => entangled)).toBe(true)
  })

  it('which amounts add up exactly', () => {
    const table = mysqlTable('amounts', {
      id: id(),
      count: int('count'),
      ratio: double('ratio'),
      label: varchar('label', { length: 9 }),
    })
    const { properties } = compileType({ tables: [table] })
    expect(['count', 'ratio', 'label'].map((name) => properties.get(name)!.additive)).toEqual([
      true,
      false,
      false,
    ])
  })

  it.each([
    ['nothing', int('c'), true],
    ['a constant default', int('c').default(5), true],
    ['now()', datetime('c').default(sql`(now())`), true],
    ['a timestamp’s defaultNow()', timestamp('c', { fsp: 3 }).defaultNow(), true],
    ['a literal', varchar('c', { length: 9 }).default(sql`('x')`), true],
    ['$defaultFn', varchar('c', { length: 9 }).$defaultFn(() => 'x'), true],
    ['a default from another column', int('c').default(sql`(id + 1)`), false],
    ['a function of another column', json('c').default(sql`(json_array(id))`), false],
    ['ON UPDATE', timestamp('c').onUpdateNow(), false],
    ['ON UPDATE of a custom type', sqlTyped('datetime on update current_timestamp'), false],
    ['$onUpdate', datetime('c').$onUpdate(() => new Date(0)), false],
  ])('whether rows come out the same with %s', (_name, column, mergeable) => {
    const table = mysqlTable('t', { id: id(), c: column })
    expect(compileType({ tables: [table] }).mergeable).toBe(mergeable)
  })

  it('which tables each kind of operation brings a property into', () => {
    const links = mysqlTable('links', { thingId: id(), name: varchar('name', { length: 9 }) })
    const linked = compileType({
      tables: [
        things,
        { table: links, map: { thingId: 'id' }, on: ['create', 'upsert', 'delete'] },
      ],
    })
    expect(linked.properties.get('name')!.tables).toEqual({
      create: '0,1',
      upsert: '0,1',
      update: '0',
      increment: '0',
      delete: '0,1',
    })
    expect(linked.tables.update).toEqual([0])
    expect(linked.tableNames).toEqual(['things', 'links'])
  })
})
