import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createReceipts } from '../../api/receipts.ts'
import { PublishError } from '../../core/log.ts'
import { offset } from '../../core/position.ts'
import { answerOf, createNote, receiptKey, testApi } from './test-api.ts'

describe('a write', () => {
  test('is accepted with a receipt that names where its operations are', async () => {
    const { write, log, operations } = await testApi()
    await write({ operations: [createNote(1, 5)] })
    const response = await write({
      operations: [createNote(2, 5), createNote(3, 2), createNote(4, 5)],
    })
    expect(response.status).toBe(202)
    const answer = await answerOf(response)
    expect(answer).toEqual({
      job: 'job-2',
      receipt: expect.any(String),
      accepted: 3,
      estimatedSeconds: null,
    })
    expect(response.headers.get('location')).toBe(`/v1/jobs/${answer.receipt}`)
    const receipts = await createReceipts([receiptKey])
    expect(await receipts.verify(answer.receipt)).toEqual({
      job: 'job-2',
      tenant: 'default',
      logId: log.logId,
      acceptedAtMs: Date.UTC(2026, 10, 23),
      shards: [
        { shard: 1, first: 1, last: 1, operations: 2 },
        { shard: 2, first: 0, last: 0, operations: 1 },
      ],
    })
    expect(operations(1).map(({ object }) => object.id)).toEqual(['1', '2', '4'])
    expect(operations(2)).toEqual([
      { index: 1, type: 'note', kind: 'create', object: { id: '3', userId: '2', text: 'hello' } },
    ])
  })

  test('of one kind gives each object its index', async () => {
    const { write, operations } = await testApi()
    const objects = [
      { id: '1', userId: '4' },
      { id: '2', userId: '8' },
    ]
    expect((await write({ type: 'note', op: 'delete', objects })).status).toBe(202)
    expect(operations(0)).toEqual([
      { index: 0, type: 'note', kind: 'delete', object: objects[0] },
      { index: 1, type: 'note', kind: 'delete', object: objects[1] },
    ])
  })

  test('of increments in the form of one kind adds the same amounts to each object', async () => {
    const { write, operations } = await testApi()
    const objects = [
      { id: '1', userId: '4' },
      { id: '2', userId: '4' },
    ]
    await write({ type: 'note', op: 'increment', objects, by: { likes: 2 } })
    expect(operations(0).map(({ by }) => by)).toEqual([{ likes: 2 }, { likes: 2 }])
  })

  test('may be packed with gzip, in several members too', async () => {
    const { write, operations } = await testApi()
    const text = JSON.stringify({ operations: [createNote(1, 4)] })
    const packed = Buffer.concat([gzipSync(text.slice(0, 20)), gzipSync(text.slice(20))])
    const response = await write(new Uint8Array(packed), { 'content-encoding': 'gzip' })
    expect(response.status).toBe(202)
    expect(operations(0)).toHaveLength(1)
  })

  test('may come in chunks that split characters', async () => {
    const { write, operations } = await testApi()
    const whole = new TextEncoder().encode(
      JSON.stringify({ operations: [createNote(1, 4, 'ä😀ß')] }),
    )
    const body = new ReadableStream({
      start(controller) {
        for (const byte of whole) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    expect((await write(body)).status).toBe(202)
    expect(operations(0)[0]!.object.text).toBe('ä😀ß')
  })

  test('of more than a message holds becomes several, and the receipt spans them', async () => {
    const { write, log } = await testApi({ messageLimits: { operations: 2, bytes: 1000 } })
    const response = await write({ operations: [1, 2, 3, 4, 5].map((id) => createNote(id, 4)) })
    const receipt = await (await createReceipts([receiptKey])).verify(
      (await answerOf(response)).receipt,
    )
    expect(log.messages[0]).toHaveLength(3)
    expect(receipt!.shards).toEqual([{ shard: 0, first: 0, last: 2, operations: 5 }])
  })
})

describe('the time until a write is applied', () => {
  const position = { offset: offset(0), operation: 0 }

  test('is that of the slowest of its shards', async () => {
    const { write, report } = await testApi({ messageLimits: { operations: 1, bytes: 1000 } })
    report(0, { position, statementsPerSecond: 10, messagesPerStatement: 0.1 })
    report(1, { position, statementsPerSecond: 1, messagesPerStatement: 0.1 })
    const response = await write({
      operations: [createNote(1, 0), createNote(2, 1), createNote(3, 1)],
    })
    expect((await answerOf(response)).estimatedSeconds).toBe(20)
  })

  test('is what MySQL bore of late where no limit is set', async () => {
    const { write, report } = await testApi()
    report(0, { position, statementsPerSecond: null, statementRate: 4, messagesPerStatement: 0.05 })
    const response = await write({ operations: [createNote(1, 0)] })
    expect((await answerOf(response)).estimatedSeconds).toBe(5)
  })

  test.each([
    ['no worker has reported', undefined],
    ['its worker is stopped', { reason: 'stopped' as const }],
    ['its worker follows another log', { logId: 'log-0' }],
    ['its worker is silent', { updatedAtMs: 0 }],
  ])('is unknown while %s', async (_, status) => {
    const { write, report } = await testApi()
    if (status) report(0, { position, ...status })
    const response = await write({ operations: [createNote(1, 0)] })
    expect((await answerOf(response)).estimatedSeconds).toBeNull()
  })

  test('is not waited for where the board is slow', async () => {
    const { write, log, clock } = await testApi()
    log.status.read = () => new Promise(() => {})
    const response = write({ operations: [createNote(1, 0)] })
    await expect.poll(() => clock.sleepers).toBe(2)
    clock.advance(250)
    expect(await answerOf(await response)).toMatchObject({ accepted: 1, estimatedSeconds: null })
  })

  test('is read from the board once a second, however many writes come', async () => {
    const { write, log, clock } = await testApi()
    await write({ operations: [createNote(1, 0)] })
    await write({ operations: [createNote(2, 0)] })
    clock.advance(999)
    await write({ operations: [createNote(3, 0)] })
    expect(log.statusRead).toBe(1)
    clock.advance(1)
    await write({ operations: [createNote(4, 0)] })
    expect(log.statusRead).toBe(2)
    expect(log.boundsRead).toBe(0)
  })
})

describe('a log that does not take a write', () => {
  test.each([
    ['none', new PublishError('none', 'secret host:9092 is down'), 'Nothing was written'],
    ['unknown', new PublishError('unknown', 'secret host:9092 timed out'), 'some, all or none'],
    ['unknown', new TypeError('a mistake'), 'some, all or none'],
  ])('is a 503 with the outcome %s', async (outcome, error, detail) => {
    const { write, log, reported } = await testApi()
    log.failWith = error
    const response = await write({ operations: [createNote(1, 0)] })
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    const problem = await answerOf(response)
    expect(problem).toMatchObject({ outcome, status: 503 })
    expect(problem.detail).toContain(detail)
    expect(JSON.stringify(problem)).not.toContain('secret')
    expect(reported).toEqual([{ where: 'POST /v1/writes', error }])
  })

  test('says what sending it again may do, and that a key makes it safe', async () => {
    const { write, log } = await testApi()
    log.failWith = new PublishError('unknown', 'timed out')
    const send = async (headers: Record<string, string>) =>
      (await answerOf(await write({ operations: [createNote(1, 0)] }, headers))).detail
    expect(await send({})).toMatch(
      /increments add twice, creates fail as already_exists, and .* may overwrite .*with an Idempotency-Key/,
    )
    expect(await send({ 'idempotency-key': 'k' })).toMatch(
      /with the same Idempotency-Key: each operation takes effect once/,
    )
  })
})

describe('bodies of many requests at one time', () => {
  test('are held up to a limit; what is above is a 503, and all is given back', async () => {
    const api = await testApi({ limits: { bodyBytesInFlight: 150 } })
    const body = JSON.stringify({ operations: [createNote(1, 0)] })
    let finish = () => {}
    const slow = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(body))
        finish = () => controller.close()
      },
    })
    const first = api.write(slow)
    const second = await api.write(body)
    expect(second.status).toBe(503)
    expect(second.headers.get('retry-after')).toBe('1')
    expect(await second.json()).toMatchObject({ outcome: 'none' })
    finish()
    expect((await first).status).toBe(202)
    for (let i = 0; i < 3; i++) expect((await api.write(body)).status).toBe(202)
  })
})
