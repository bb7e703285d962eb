import { afterAll, beforeAll, expect, test } from 'vitest'
import { shardId } from '../../core/position.ts'
import { MysqlJobStore } from '../../db/job-store.ts'
import { at, logId, TestShards, topic } from './test-shards.ts'

const shards = new TestShards(1, [], [])
const shard = shardId(0)
let store: MysqlJobStore

beforeAll(async () => {
  await shards.migrate()
  store = new MysqlJobStore({ topic, shards: shards.shards })
  const failure = (job: string, operation: number, amounts = 'NULL') =>
    `('${job}', ${operation}, 'pin', 'update', '{"id": "${operation}"}', 'not_found', 'no pin', NULL, NOW(3), NULL, ${amounts}, NULL)`
  await shards.query(
    `INSERT INTO sluice_failures VALUES ${[9, 2, 30].map((i) => failure('a', i)).join()}, ${failure('b', 1, `'{"saves": 2}'`)}`,
  )
  await shards.query("INSERT INTO sluice_outcomes VALUES ('a', 5, 1)")
  await shards.query('UPDATE sluice_offsets SET next_offset = 4, next_operation = 2')
})
afterAll(async () => {
  await store?.close()
  await shards.drop()
})

test('progress is the position and the counts of the jobs asked for', async () => {
  expect(await store.progress(shard, ['a', 'unheard-of'])).toEqual({
    ...{ logId, position: at(4, 2) },
    jobs: new Map([
      ['a', { failed: 3, superseded: 5, cancelled: 1 }],
      ['unheard-of', { failed: 0, superseded: 0, cancelled: 0 }],
    ]),
  })
})

test('progress needs no job', async () => {
  expect(await store.progress(shard, [])).toEqual({ logId, position: at(4, 2), jobs: new Map() })
})

test('failures come in pages, in the order of operations', async () => {
  const first = await store.failures(shard, 'a', -1, 2)
  expect(first.map(({ index }) => index)).toEqual([2, 9])
  expect(first[0]).toEqual({
    ...{ index: 2, type: 'pin', op: 'update', object: { id: '2' } },
    ...{ code: 'not_found', message: 'no pin' },
  })
  const rest = await store.failures(shard, 'a', 9, 2)
  expect(rest.map(({ index }) => index)).toEqual([30])
})

test("an increment's failure has its amounts", async () => {
  expect(await store.failures(shard, 'b', -1, 2)).toEqual([
    {
      ...{ index: 1, type: 'pin', op: 'update', object: { id: '1' }, by: { saves: 2 } },
      ...{ code: 'not_found', message: 'no pin' },
    },
  ])
})

test('many readers at once share few connections', async () => {
  const reads = Array.from({ length: 40 }, () => store.progress(shard, ['a']))
  expect(await Promise.all(reads)).toHaveLength(40)
  const [row] = await shards.query(
    "SELECT COUNT(DISTINCT processlist_id) AS connections FROM performance_schema.session_connect_attrs JOIN information_schema.processlist p ON p.id = processlist_id WHERE attr_value = 'sluice' AND p.db = DATABASE()",
  )
  expect(Number(row!.connections)).toBeLessThanOrEqual(2)
})

test('more readers than may wait are told to come back', async () => {
  const crowd = new MysqlJobStore({ topic, shards: shards.shards })
  const reads = Array.from({ length: 100 }, () => crowd.progress(shard, ['a']))
  const results = await Promise.allSettled(reads)
  const refused = results.filter(({ status }) => status === 'rejected')
  expect(refused.length).toBe(100 - 2 - 64)
  expect(refused[0]).toMatchObject({ reason: { action: 'back_off' } })
  await crowd.close()
})

test('a connection that MySQL closed meanwhile is no error', async () => {
  await store.progress(shard, [])
  const idle = await shards.query(
    'SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()',
  )
  for (const { id } of idle) await shards.query(`KILL ${id}`)
  expect(await store.progress(shard, [])).toMatchObject({ logId })
})

test('it can’t write', async () => {
  const [row] = await shards.query(
    "SELECT COUNT(*) AS writers FROM performance_schema.variables_by_thread v JOIN performance_schema.threads t USING (thread_id) WHERE t.processlist_db = DATABASE() AND v.variable_name = 'transaction_read_only' AND v.variable_value = 'OFF' AND t.processlist_id <> CONNECTION_ID()",
  )
  expect(row).toEqual({ writers: '0' })
})

test('a shard that is not set up, or not in the config, is named', async () => {
  const other = new MysqlJobStore({ topic: 'other.writes', shards: shards.shards })
  await expect(other.progress(shard, [])).rejects.toMatchObject({
    ...{ action: 'stop', message: expect.stringMatching(/other.writes.*npm run migrate/) },
  })
  await expect(other.progress(shardId(7), [])).rejects.toThrow('the config has no shard 7')
  await other.close()
})

test('a server that is away is an error to come back for', async () => {
  const away = new MysqlJobStore({
    ...{ topic, shards: [{ shard, url: 'mysql://root@127.0.0.1:1/sluice_0' }] },
  })
  await expect(away.progress(shard, [])).rejects.toMatchObject({ action: 'reconnect' })
  await away.close()
})
