import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Row } from '../../core/statement.ts'
import { note, pin, ticket, user } from './sample-types.ts'
import { TestWindows } from './test-windows.ts'

const shards = new TestWindows()

beforeAll(() => shards.setUp())
beforeEach(() => shards.reset())
afterAll(() => shards.drop())

const failed = (code: string, message?: string) =>
  expect.objectContaining({
    kind: 'failed',
    failure: { code, message: message ?? expect.any(String) },
  })
const verdicts = (...list: [row: number, code: string][]) => ({
  kind: 'verdicts',
  verdicts: list.map(([row, code]) => ({ row, failure: { code, message: expect.any(String) } })),
})
const done = { kind: 'done' }
const aPin = { id: '1', userId: '7', title: 'one' }
const createdAt = '2026-11-23T03:04:05.123Z'

describe('create', () => {
  test('inserts rows, absent columns with their defaults', async () => {
    const full = {
      ...{ ...aPin, id: '18446744073709551615', link: null, metadata: { a: ['é', 1.5] } },
      ...{ saves: 4294967295, code: 'x', createdAt },
    }
    expect(await shards.run(pin, 'create', [{ set: aPin }, { set: full }])).toEqual(done)
    const [first, last] = await shards.query('SELECT * FROM pins ORDER BY id')
    expect(first).toMatchObject({
      ...{ id: '1', user_id: '7', title: 'one', link: null, metadata: null, saves: 0 },
      ...{ code: 'made by the worker', created_at: expect.stringMatching(/^20\d\d-/) },
    })
    expect(last).toMatchObject({
      ...{ id: '18446744073709551615', metadata: { a: ['é', 1.5] }, saves: 4294967295, code: 'x' },
      created_at: '2026-11-23 03:04:05.123',
    })
  })

  test('names the rows that exist', async () => {
    await shards.run(pin, 'create', [{ set: aPin }])
    const rows = ['0', '1', '2'].map((id) => ({ set: { ...aPin, id } }))
    expect(await shards.run(pin, 'create', rows)).toEqual(verdicts([1, 'already_exists']))
    expect(await shards.query('SELECT id FROM pins')).toHaveLength(1)
  })

  test('fails on another unique key without naming the value', async () => {
    expect(await shards.run(user, 'create', [{ set: { id: '9', username: 'ada' } }])).toEqual(
      failed('duplicate_value', 'another object has this value already: key users.users_username'),
    )
  })

  test('takes an id of 0 for what it is', async () => {
    expect(await shards.run(ticket, 'create', [{ set: { id: '0', seat: '1A' } }])).toEqual(done)
    expect(await shards.query('SELECT id FROM tickets')).toEqual([{ id: '0' }])
  })
})

describe('upsert', () => {
  test('inserts, and keeps what a row leaves out of an existing one', async () => {
    await shards.run(pin, 'create', [{ set: { ...aPin, saves: 5, link: 'l', code: 'c' } }])
    const rows = [{ set: { ...aPin, title: 'new' } }, { set: { ...aPin, id: '2' } }]
    expect(await shards.run(pin, 'upsert', rows)).toEqual(done)
    expect(await shards.query('SELECT id, title, saves, link, code FROM pins ORDER BY id')).toEqual(
      [
        { id: '1', title: 'new', saves: 5, link: 'l', code: 'c' },
        { id: '2', title: 'one', saves: 0, link: null, code: 'made by the worker' },
      ],
    )
  })

  test('never changes the row that a second unique key points to', async () => {
    expect(await shards.run(user, 'upsert', [{ set: { id: '9', username: 'ada' } }])).toEqual(
      failed('duplicate_value'),
    )
    await shards.run(ticket, 'create', [{ set: { id: '1', seat: '1A' } }])
    expect(await shards.run(ticket, 'upsert', [{ set: { id: '3', seat: '1A' } }])).toEqual(
      failed('duplicate_value'),
    )
    expect(await shards.query('SELECT * FROM tickets')).toEqual([{ id: '1', seat: '1A' }])
  })

  test('takes a key under another shard key for a missing object', async () => {
    await shards.run(pin, 'create', [{ set: aPin }])
    const rows = [{ set: { ...aPin, userId: '8' } }, { set: { ...aPin, id: '2' } }]
    expect(await shards.run(pin, 'upsert', rows)).toEqual(verdicts([0, 'not_found']))
    expect(await shards.query('SELECT id, user_id FROM pins')).toEqual([{ id: '1', user_id: '7' }])
  })
})

describe('modify', () => {
  test('sets and adds, each row what it gives', async () => {
    const rows = ['1', '2', '3'].map((id) => ({ set: { ...aPin, id, saves: 5 } }))
    await shards.run(pin, 'create', rows)
    const key = { userId: '7' }
    expect(
      await shards.run(pin, 'modify', [
        { set: { ...key, id: '1', title: 'set', link: null } },
        { set: { ...key, id: '2' }, add: { saves: -5 } },
        { set: { ...key, id: '3', saves: 10 }, add: { saves: 2 } },
      ]),
    ).toEqual(done)
    expect(await shards.query('SELECT title, saves FROM pins ORDER BY id')).toEqual([
      { title: 'set', saves: 5 },
      { title: 'one', saves: 0 },
      { title: 'one', saves: 12 },
    ])
  })

  test('is done where rows match though nothing changes', async () => {
    await shards.run(pin, 'create', [{ set: aPin }])
    expect(await shards.run(pin, 'modify', [{ set: aPin }])).toEqual(done)
  })

  test('names the missing rows, those under another shard key among them', async () => {
    await shards.run(pin, 'create', [{ set: aPin }, { set: { ...aPin, id: '3', userId: '8' } }])
    const rows = ['1', '2', '3'].map((id) => ({ set: { ...aPin, id, title: 'new' } }))
    expect(await shards.run(pin, 'modify', rows)).toEqual(
      verdicts([1, 'not_found'], [2, 'not_found']),
    )
    expect(await shards.query('SELECT DISTINCT title FROM pins')).toEqual([{ title: 'one' }])
  })

  test('finds missing rows in a table that it has nothing to set in', async () => {
    await shards.run(pin, 'create', [{ set: aPin }], 1)
    const rows = ['1', '2'].map((id) => ({ set: { ...aPin, id, title: 'new' } }))
    expect(await shards.run(pin, 'modify', rows, 1)).toEqual(verdicts([1, 'not_found']))
  })

  test('adds exactly, and out of range is a failure', async () => {
    const key = { space: 's', name: 'n' }
    const set = { ...key, revision: 1, price: '0.00001', balance: '9223372036854775806' }
    await shards.run(note, 'create', [{ set }])
    const add = { price: '999999999999999.00001', balance: '1' }
    expect(await shards.run(note, 'modify', [{ set: key, add }])).toEqual(done)
    expect(await shards.query('SELECT price, balance FROM notes')).toEqual([
      { price: '999999999999999.00002', balance: '9223372036854775807' },
    ])
    expect(await shards.run(note, 'modify', [{ set: key, add: { balance: '1' } }])).toEqual(
      failed('out_of_range', 'a value is out of range: column balance'),
    )
  })
})

describe('delete', () => {
  test('deletes what is there and does not mind what is missing', async () => {
    await shards.run(pin, 'create', [{ set: aPin }, { set: { ...aPin, id: '3', userId: '8' } }])
    const rows = ['1', '2', '3'].map((id) => ({ set: { id, userId: '7' } }))
    expect(await shards.run(pin, 'delete', rows)).toEqual(done)
    expect(await shards.query('SELECT id FROM pins')).toEqual([{ id: '3' }])
  })
})

describe('a version', () => {
  const key = { space: 's', name: 'n' }
  const second = { space: 's', name: 'o' }
  const row = (of: typeof key, revision: number): Row => ({
    set: { ...of, revision, price: '1.00000' },
    guardVersion: revision,
  })

  beforeEach(async () => {
    await shards.run(note, 'create', [
      { set: { ...key, revision: 5 } },
      { set: { ...second, revision: 5 } },
    ])
  })

  test.for(['upsert', 'modify', 'delete'] as const)('%s names the stale rows', async (effect) => {
    const rows = [row(key, 6), row(second, 5)]
    expect(await shards.run(note, effect, rows)).toEqual(verdicts([1, 'stale']))
    expect(await shards.query('SELECT revision FROM notes')).toEqual([
      { revision: 5 },
      { revision: 5 },
    ])
    expect(await shards.run(note, effect, [row(key, 6), row(second, 7)])).toEqual(done)
  })

  test('does not hold back a new object', async () => {
    expect(await shards.run(note, 'upsert', [row({ space: 's', name: 'new' }, 1)])).toEqual(done)
  })
})

describe('text keys', () => {
  test('differ in case, accents and trailing spaces', async () => {
    const names = ['a', 'A', 'á', 'a ']
    const rows = names.map((name) => ({ set: { space: 's', name, revision: 1 } }))
    expect(await shards.run(note, 'create', rows)).toEqual(done)
    expect(await shards.run(note, 'delete', [{ set: { space: 's', name: 'a' } }])).toEqual(done)
    expect(await shards.query('SELECT COUNT(*) AS left_over FROM notes')).toEqual([
      { left_over: '3' },
    ])
  })
})
