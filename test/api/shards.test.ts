import { describe, expect, test } from 'vitest'
import { offset } from '../../core/position.ts'
import { answerOf, createNote, testApi } from './test-api.ts'

const start = { offset: offset(0), operation: 0 }

describe('a shard', () => {
  test('is shown with all that its worker reports, its backlog and its time', async () => {
    const { write, get, report, clock } = await testApi()
    for (let id = 0; id < 30; id++) await write({ operations: [createNote(id, 1)] })
    report(1, { position: { offset: offset(10), operation: 3 }, messagesPerStatement: 0.5 })
    clock.advance(2000)
    expect(await (await get('/v1/shards/1')).json()).toEqual({
      shard: 1,
      claim: 1,
      owner: 'worker-1',
      logId: 'log-1',
      position: { offset: 10, operation: 3 },
      reason: 'limited',
      statementsPerSecond: 10,
      statementRate: 9.5,
      operationRate: 950,
      messagesPerStatement: 0.5,
      stale: false,
      backlogMessages: 20,
      etaSeconds: 4,
      updatedAt: '2026-11-23T00:00:00.000Z',
      ageMs: 2000,
    })
  })

  test('whose worker has not reported for a while is silent', async () => {
    const { get, report, clock } = await testApi()
    report(1, { position: start, reason: 'tripped' })
    clock.advance(34_000)
    expect(await (await get('/v1/shards/1')).json()).toMatchObject({
      stale: true,
      reason: 'silent',
      detail: 'no worker has reported for 34 s; the last word was tripped',
      ageMs: 34_000,
    })
  })

  test.each([
    ['that no worker has reported yet', undefined],
    ['whose worker speaks a later version', '{"version":2}'],
    ['whose worker wrote what is not JSON', '{'],
  ])('%s is silent, with all that is held as its backlog', async (_, status) => {
    const { write, get, log } = await testApi()
    await write({ operations: [createNote(1, 0)] })
    if (status) log.statuses.set(0 as never, status)
    expect(await (await get('/v1/shards/0')).json()).toEqual({
      shard: 0,
      reason: 'silent',
      detail: 'no worker has reported this shard yet',
      stale: true,
      backlogMessages: 1,
      etaSeconds: null,
    })
  })

  test('whose worker follows another log has no backlog in this one, and says so', async () => {
    const { get, report } = await testApi()
    report(2, { position: { offset: offset(99), operation: 0 }, logId: 'log-0' })
    expect(await (await get('/v1/shards/2')).json()).toMatchObject({
      reason: 'stopped',
      detail: 'its worker follows the log log-0, this API writes to log-1',
      backlogMessages: null,
      etaSeconds: null,
    })
  })

  test('that was claimed anew is not shown as its former worker still sees it', async () => {
    const { get, report, clock } = await testApi()
    report(1, { position: start, claim: 2, owner: 'worker-2' })
    await get('/v1/shards/1')
    clock.advance(2000)
    report(1, { position: start, claim: 1, owner: 'worker-1' })
    expect(await (await get('/v1/shards/1')).json()).toMatchObject({ owner: 'worker-2', claim: 2 })
  })

  test('that is idle takes no time', async () => {
    const { get, report } = await testApi()
    report(0, { position: start, reason: 'idle', statementRate: 0, messagesPerStatement: 0 })
    expect(await (await get('/v1/shards/0')).json()).toMatchObject({ etaSeconds: 0 })
  })

  test.each(['4', '-1', '01', '1.5', 'x', '9999999999'])('%s does not exist', async (number) => {
    const response = await (await testApi()).get(`/v1/shards/${number}`)
    expect(response.status).toBe(404)
    expect((await answerOf(response)).detail).toContain('there are shards 0 to 3')
  })
})

describe('the list of shards', () => {
  test('has every shard, reported or not', async () => {
    const { get, report } = await testApi()
    report(2, { position: start })
    const { shards } = await answerOf(await get('/v1/shards'))
    expect(shards.map(({ shard, reason }) => [shard, reason])).toEqual([
      [0, 'silent'],
      [1, 'silent'],
      [2, 'limited'],
      [3, 'silent'],
    ])
  })

  test('asks the log once a second, however many look', async () => {
    const { get, log, clock } = await testApi()
    await Promise.all([get('/v1/shards'), get('/v1/shards'), get('/v1/shards/1')])
    expect([log.statusRead, log.boundsRead]).toEqual([1, 4])
    clock.advance(1000)
    await get('/v1/shards')
    expect([log.statusRead, log.boundsRead]).toEqual([2, 8])
  })

  test('is a 503 while the log does not answer', async () => {
    const { get, log, reported } = await testApi()
    log.failWith = new Error('secret host')
    const response = await get('/v1/shards')
    expect(response.status).toBe(503)
    expect(await response.text()).not.toContain('secret')
    expect(reported).toHaveLength(1)
  })
})
