import { Buffer } from 'node:buffer'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Origin } from '../../core/source.ts'
import type { Effect, Row, Statement } from '../../core/statement.ts'
import type { DatabaseType } from '../../db/types/database-type.ts'
import { pin, user } from './sample-types.ts'
import { at } from './test-shards.ts'
import { TestWindows } from './test-windows.ts'

const shards = new TestWindows()

beforeAll(() => shards.setUp())
beforeEach(() => shards.reset())
afterAll(() => shards.drop())

const aPin = { id: '1', userId: '7', title: 'one' }
const done = { kind: 'done' }

describe('a row failure', () => {
  const cases: [string, DatabaseType, Effect, Row['set'], string][] = [
    ['a text too long', pin, 'create', { ...aPin, title: 'eleven char' }, 'too_long'],
    ['a number out of range', pin, 'create', { ...aPin, saves: 4294967296 }, 'out_of_range'],
    ['NULL in a column without', pin, 'create', { ...aPin, title: null }, 'null_value'],
    [
      'no such date',
      pin,
      'create',
      { ...aPin, createdAt: '2026-13-01T00:00:00.000Z' },
      'invalid_value',
    ],
    ['no such number', pin, 'create', { ...aPin, saves: 'many' }, 'invalid_value'],
    ['no such parent', pin, 'create', { ...aPin, userId: '99' }, 'foreign_key'],
    ['a parent with children', user, 'delete', { id: '7' }, 'foreign_key'],
  ]
  test.for(cases)('%s keeps the transaction', async ([, type, effect, set, code]) => {
    const transaction = await shards.open()
    await transaction.savepoint()
    const child: Statement = {
      type: pin,
      effect: 'create',
      table: 0,
      rows: [{ set: { ...aPin, id: '5' } }],
    }
    expect(await transaction.run(child)).toEqual(done)
    await transaction.savepoint()
    const result = await transaction.run({ type, effect, table: 0, rows: [{ set }] })
    expect(result).toMatchObject({ kind: 'failed', failure: { code, message: expect.any(String) } })
    expect(JSON.stringify(result)).not.toMatch(/eleven|4294967296|many|2026-13|99/)
    await transaction.rollbackToSavepoint()
    await transaction.commit()
    expect(await shards.query('SELECT id FROM pins')).toEqual([{ id: '5' }])
  })
})

describe('a window', () => {
  const origin: Origin = { job: 'job-1', tenant: 't', traceparent: '00-abc-def-01' }
  const source = (index: number) => ({
    operation: { index, type: 'pin', kind: 'increment' as const, object: aPin, by: { saves: '3' } },
    ...{ type: pin, origin, end: at(1) },
  })
  const failure = { code: 'not_found' as const, message: 'no pin has this key' }

  test('records failures once, however often, and adds up what was superseded and cancelled', async () => {
    const records = {
      failed: [{ source: source(3), failure }],
      undecodable: [{ offset: 12, bytes: new Uint8Array([0, 255, 7]), reason: 'its checksum' }],
      superseded: new Map([['job-1', 2]]),
      cancelled: new Map([
        ['job-1', 5],
        ['job-2', 1],
      ]),
    }
    for (let i = 0; i < 2; i++) {
      const transaction = await shards.open()
      await transaction.record(records)
      await shards.commit(transaction)
    }
    expect(await shards.query('SELECT * FROM sluice_failures ORDER BY job')).toEqual([
      {
        ...{ job: 'job-1', operation: '3', type: 'pin', op: 'increment', object: aPin },
        ...{ ...failure, trace: '00-abc-def-01', at: expect.any(String), raw: null },
        ...{ amounts: { saves: '3' }, retried_at: null },
      },
      {
        ...{ job: 'log:the-log', operation: '12', type: '', op: '', object: null, trace: null },
        ...{ code: 'undecodable', message: 'its checksum', at: expect.any(String) },
        raw: Buffer.from([0, 255, 7]),
        ...{ amounts: null, retried_at: null },
      },
    ])
    expect(await shards.query('SELECT * FROM sluice_outcomes ORDER BY job')).toEqual([
      { job: 'job-1', superseded: '4', cancelled: '10' },
      { job: 'job-2', superseded: '0', cancelled: '2' },
    ])
  })

  test('leaves nothing behind when it is rolled back', async () => {
    const transaction = await shards.open()
    await transaction.run({ type: pin, effect: 'create', table: 0, rows: [{ set: aPin }] })
    await transaction.rollback()
    expect(await shards.query('SELECT id FROM pins')).toEqual([])
    expect(await shards.session.settle()).toEqual(at(0))
  })

  test('moves the position with the rows', async () => {
    await shards.run(pin, 'create', [{ set: aPin }])
    expect(await shards.session.settle()).toEqual(at(1))
  })
})
