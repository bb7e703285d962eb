import { bigint, int, mysqlTable, varchar } from 'drizzle-orm/mysql-core'
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../config/compile-config.ts'
import type { ConfigDefinition } from '../../config/define-config.ts'
import { configMark, defineConfig } from '../../config/define-config.ts'
import { hash, route } from '../../config/routing.ts'
import { mysqlShards } from '../../config/shards.ts'
import { boardPins, boards, pins } from '../../tables.ts'

const settings = { shards: 8, statementsPerSecond: 50, databaseUrl: () => undefined }
const shards = mysqlShards({
  count: 8,
  url: (n) => `mysql://user:secret@db.example/sluice_${n}`,
  statementsPerSecond: 50,
  pullSize: 10,
})
const notes = mysqlTable('notes', {
  noteId: bigint('note_id', { mode: 'bigint' }).primaryKey(),
  ownerId: int('owner_id').notNull(),
  text: varchar('text', { length: 9 }),
})

const compile = (definition: ConfigDefinition) => compileConfig(definition, settings, 'test.ts')
const loosely = (config: unknown) => compile({ [configMark]: () => config })
const anyType = { shardBy: hash('id'), key: ['id'], tables: [boards] }

describe('defineConfig', () => {
  it('takes the contract’s example to the letter, and fills in the defaults', () => {
    const config = compile(
      defineConfig({
        shards: mysqlShards({
          count: 8,
          url: (n) => `mysql://…/sluice_${n}`,
          statementsPerSecond: 50,
          pullSize: 10,
        }),
        types: {
          pin: {
            shardBy: hash('userId'),
            key: ['id'],
            tables: [
              pins,
              {
                table: boardPins,
                map: { pinId: 'id' },
                on: ['create', 'upsert', 'update', 'delete'],
              },
            ],
            rowsPerStatement: { create: 500, update: 1000, delete: 2000 },
          },
        },
      }),
    )
    expect(config.types.get('pin')).toMatchObject({
      name: 'pin',
      ordered: false,
      rowsPerStatement: { create: 500, upsert: 1000, update: 1000, increment: 1000, delete: 2000 },
    })
    expect(config.messages).toEqual({ operations: 1000, bytes: 262_144 })
    expect(config.worker.maxWindowStatements).toBe(8)
    expect(config.worker.retainHours).toBe(168)
    expect(config.shards.limits[7]).toEqual({
      statementsPerSecond: 50,
      rowsPerSecond: Number.POSITIVE_INFINITY,
      pullSize: 10,
    })
  })

  it('hands the environment’s settings to a function', () => {
    const config = compile(
      defineConfig(({ shards: count, statementsPerSecond }) => ({
        shards: mysqlShards({ count, url: () => undefined, statementsPerSecond }),
        types: { board: { shardBy: hash('userId'), key: ['id'], tables: [boards] } },
      })),
    )
    expect(config.shards.count).toBe(8)
    expect(config.shards.urls).toEqual(Array(8).fill(undefined))
  })

  it('knows the properties of the tables: what TypeScript refuses here must stay refused', () => {
    const right = {
      shardBy: hash('ownerId'),
      key: ['id'],
      tables: [{ table: notes, map: { noteId: 'id' } }],
    } as const
    defineConfig({ shards, types: { right } })
    // @ts-expect-error: no table has the property
    defineConfig({ shards, types: { note: { ...right, shardBy: hash('userId') } } })
    // @ts-expect-error: the map gives noteId the name id
    defineConfig({ shards, types: { note: { ...right, key: ['noteId'] } } })
    // @ts-expect-error: no table has the property
    defineConfig({ shards, types: { note: { ...right, version: 'revision' } } })
    const unknownColumn = [{ table: notes, map: { noteID: 'id', noteId: 'id' } }] as const
    // @ts-expect-error: the table has no such column
    defineConfig({ shards, types: { note: { ...right, tables: unknownColumn } } })
    const unknownKind = [{ table: notes, map: { noteId: 'id' }, on: ['insert'] }] as const
    // @ts-expect-error: no such kind of operation
    defineConfig({ shards, types: { note: { ...right, tables: unknownKind } } })
    // @ts-expect-error: no such setting
    defineConfig({ shards, types: { note: { ...right, rowsPerStatment: {} } } })
    // @ts-expect-error: the way looks at a property that it did not name
    route(['ownerId'], ({ id }, count) => Number(id) % count)
  })
})

describe('a config is refused', () => {
  it('with members that are unknown, saying which are meant', () => {
    expect(() =>
      loosely({
        shards,
        types: { thing: { ...anyType, rowsPerStatment: {} } },
        worker: { wait: 1 },
      }),
    ).toThrow(
      'test.ts: 2 problems' +
        '\n- types.thing: rowsPerStatment (did you mean rowsPerStatement?) is unknown, expected shardBy, key, tables, rowsPerStatement, ordered, version' +
        '\n- worker: wait is unknown, expected maxWindowStatements, maxIsolationStatements, failureCredit, failingAlikeJobs, maxConcurrentWindows, fullWorkerBackOffMs, breakerWaitMs, stoppedRetryMs, retainHours, statementTimeoutMs, lockWaitSeconds',
    )
  })

  it.each([
    [{ types: { thing: anyType } }, 'shards: expected object, received undefined'],
    [{ shards, types: {} }, 'types: expected at least one type'],
    [{ shards, types: { '1st thing': anyType } }, 'types.1st thing: '],
    [
      { shards, types: { thing: { ...anyType, shardBy: 'id' } } },
      'types.thing.shardBy: expected a way to the shard: hash(), modulo(), bits(), ranges() or route()',
    ],
    [
      { shards, types: { thing: { ...anyType, tables: [{}] } } },
      'types.thing.tables.0.table: expected a table of drizzle-orm/mysql-core',
    ],
    [{ shards, types: { thing: { ...anyType, tables: [] } } }, 'types.thing.tables: '],
    [
      { shards, types: { thing: { ...anyType, rowsPerStatement: { create: 0 } } } },
      'types.thing.rowsPerStatement.create: ',
    ],
    [
      { shards, types: { thing: anyType }, worker: { breakerWaitMs: '1s' } },
      'worker.breakerWaitMs: expected number, received string',
    ],
    [
      { shards, types: { thing: anyType }, messages: { bytes: 10 } },
      'messages.bytes: expected 1024 to 262144, found 10',
    ],
    [
      { shards, types: { thing: anyType }, messages: { bytes: 1_000_000 } },
      'messages.bytes: expected 1024 to 262144, found 1000000',
    ],
    [
      { shards, types: { thing: anyType }, worker: { retainHours: 0.5 } },
      'worker.retainHours: Too small: expected number to be >=1',
    ],
    [
      { shards, types: { thing: anyType }, worker: { lockWaitSeconds: 30 } },
      'worker: expected lockWaitSeconds below statementTimeoutMs, found 30 s and 10000 ms: the watchdog would end what only waits for a lock',
    ],
  ])('%#: %2$s', (config, problem) => {
    expect(() => loosely(config)).toThrow(`\n- ${problem}`)
  })
})
