import { describe, expect, test } from 'vitest'
import { createReceipts } from '../../api/receipts.ts'
import { LogError } from '../../core/log.ts'
import { answerOf, createNote, receiptKey, testApi } from './test-api.ts'

describe('health', () => {
  test('the process lives whatever the log does', async () => {
    const { get, log } = await testApi()
    log.failWith = new Error('down')
    const response = await get('/healthz')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ status: 'ok', version: '1.2.3' })
  })

  test('it is ready while the log answers', async () => {
    const { get } = await testApi()
    const response = await get('/readyz')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      status: 'ready',
      topic: 'test.writes',
      shards: 4,
      jobResults: false,
    })
  })

  test('a missing topic is named', async () => {
    const { get, log } = await testApi()
    log.failWith = new LogError(
      'not_migrated',
      'the topic test.status is missing: run `npm run migrate`',
    )
    const response = await get('/readyz')
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({
      code: 'not_migrated',
      detail:
        "The log test.writes can't take writes: the topic test.status is missing: run `npm run migrate`.",
    })
  })

  test('a log that hangs is not waited for', async () => {
    const { get, log, clock } = await testApi({ limits: { readTimeoutMs: 500 } })
    log.ping = () => new Promise(() => {})
    const response = get('/readyz')
    await expect.poll(() => clock.sleepers).toBe(1)
    clock.advance(500)
    expect((await response).status).toBe(503)
  })
})

describe('each answer that is no success is a problem', () => {
  test('a path that is none', async () => {
    const { get } = await testApi()
    for (const path of ['/', '/v1', '/v1/writes/1', '/v2/writes']) {
      const response = await get(path)
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(await response.json()).toEqual({
        type: 'urn:sluice:problem:not-found',
        title: 'There is nothing here',
        status: 404,
        detail: 'No route has this path.',
      })
    }
  })

  test.each([
    ['GET', '/v1/writes', 'POST'],
    ['PUT', '/v1/jobs/x', 'GET'],
    ['DELETE', '/v1/shards/1', 'GET'],
    ['POST', '/healthz', 'GET'],
  ])('%s %s', async (method, path, allowed) => {
    const { app } = await testApi()
    const response = await app.request(path, { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe(allowed)
    expect((await answerOf(response)).status).toBe(405)
  })

  test('a mistake of ours, which is reported once and not shown', async () => {
    const error = new TypeError('internals with secrets')
    const receipts = { ...(await createReceipts([receiptKey])), sign: () => Promise.reject(error) }
    const { write, reported } = await testApi({ receipts })
    const response = await write({ operations: [createNote(1, 0)] })
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secrets')
    expect(reported).toEqual([{ where: 'POST /v1/writes', error }])
  })
})
