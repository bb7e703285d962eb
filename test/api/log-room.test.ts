import { describe, expect, test } from 'vitest'
import { LogError } from '../../core/log.ts'
import { answerOf, createNote, testApi } from './test-api.ts'

const gibibyte = 1024 ** 3
const note = { operations: [createNote(1, 1)] }

async function apiOver(freeBytes: number, totalBytes = 100 * gibibyte, limits = {}) {
  const api = await testApi({ limits })
  api.log.room = { freeBytes, totalBytes }
  let asked = 0
  api.log.onCall = (call) => {
    if (call === 'headroom') asked++
  }
  return Object.assign(api, { asked: () => asked })
}

describe('a log without room', () => {
  test('is not written to, and the client is told what is known and when to come back', async () => {
    const { write, log } = await apiOver(gibibyte - 1)
    const response = await write(note)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '60'])
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toEqual({
      type: 'urn:sluice:problem:log-full',
      title: 'The log has no room left',
      status: 503,
      detail:
        'The log has room for 1023 MiB, of which 1024 MiB are kept free: this does not fit now. Nothing was written: send it again once there is room.',
      outcome: 'none',
    })
    expect(log.published).toBe(0)
  })

  test('is written to again some seconds after there is room', async () => {
    const { write, log, clock } = await apiOver(gibibyte - 1)
    expect((await write(note)).status).toBe(503)
    log.room = { freeBytes: 2 * gibibyte, totalBytes: 100 * gibibyte }
    clock.advance(4_999)
    expect((await write(note)).status).toBe(503)
    // This one asks, and goes by the old figure; the next one knows.
    clock.advance(1)
    await write(note)
    expect((await write(note)).status).toBe(202)
  })

  test('has none by what is set, on a small disk by a tenth of it', async () => {
    const set = { minLogFreeBytes: 10 * gibibyte }
    expect((await (await apiOver(9 * gibibyte, 1000 * gibibyte, set)).write(note)).status).toBe(503)
    expect((await (await apiOver(gibibyte / 9, gibibyte)).write(note)).status).toBe(202)
    expect((await (await apiOver(gibibyte / 11, gibibyte)).write(note)).status).toBe(503)
    expect((await (await apiOver(0, gibibyte, { minLogFreeBytes: 0 })).write(note)).status).toBe(
      503,
    )
  })

  test('refuses what does not fit beside what is written at the time', async () => {
    const { write, log, clock } = await apiOver(gibibyte + 40_000)
    const large = { operations: [createNote(1, 1, 'x'.repeat(30_000))] }
    const gate = Promise.withResolvers<void>()
    const { publish } = log
    log.publish = async (messages) => {
      await gate.promise
      return publish.call(log, messages)
    }
    const first = write(large)
    // Its body is read, and it waits for the log.
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await write(large)).status).toBe(503)
    gate.resolve()
    expect((await first).status).toBe(202)
    // The figure is still the one from before: what was written since counts.
    expect((await write(large)).status).toBe(503)
    clock.advance(5_000)
    expect((await write(large)).status).toBe(202)
  })

  test('is not used up by what was refused', async () => {
    const { write, post } = await apiOver(gibibyte + 40_000)
    const large = createNote(1, 1, 'x'.repeat(30_000))
    const lines = [
      JSON.stringify(large),
      JSON.stringify({ type: 'note', op: 'create', object: {} }),
    ]
    const headers = { 'content-type': 'application/x-ndjson' }
    expect((await post('/v1/writes', lines.join('\n'), headers)).status).toBe(422)
    expect((await write({ operations: [large] })).status).toBe(202)
  })

  test('refuses a long body before anything of it is published', async () => {
    const { post, log } = await apiOver(gibibyte + 100_000)
    const lines = Array.from({ length: 100 }, (_, id) =>
      JSON.stringify(createNote(id, id, 'x'.repeat(5_000))),
    )
    const response = await post('/v1/writes', lines.join('\n'), {
      'content-type': 'application/x-ndjson',
    })
    expect((await answerOf(response)).status).toBe(503)
    expect(log.published).toBe(0)
  })
})

describe('the room in the log', () => {
  test('is asked for once in five seconds, however many write', async () => {
    const { write, asked, clock } = await apiOver(50 * gibibyte)
    await Promise.all([write(note), write(note), write(note)])
    expect(asked()).toBe(1)
    clock.advance(5_000)
    await Promise.all([write(note), write(note)])
    expect(asked()).toBe(2)
  })

  test('is waited for where the last figure is too old to tell', async () => {
    const { write, log, clock } = await apiOver(50 * gibibyte)
    expect((await write(note)).status).toBe(202)
    log.room = { freeBytes: 0, totalBytes: 100 * gibibyte }
    clock.advance(30_000)
    expect((await write(note)).status).toBe(503)
  })

  test('is no reason to refuse a write where nobody tells, or the log gives no answer', async () => {
    const { write, log, clock } = await apiOver(0)
    log.room = undefined
    expect((await write(note)).status).toBe(202)
    clock.advance(30_000)
    log.fail('headroom', new LogError('unreachable', 'away'))
    expect((await write(note)).status).toBe(202)
  })

  test('is waited for no longer than for anything else that the log is asked', async () => {
    const { write, log, clock } = await apiOver(0)
    log.headroom = () => new Promise(() => {})
    const response = write(note)
    await expect.poll(() => clock.sleepers).toBe(1)
    clock.advance(3_000)
    expect((await response).status).toBe(202)
  })

  test('is shown beside the shards, and what it must be', async () => {
    const { get, log, report } = await apiOver(5 * gibibyte)
    const position = { offset: 0 as never, operation: 0 }
    report(1, { position, headroom: log.room!, trimProblem: 'may not delete' })
    const answer = (await (await get('/v1/shards')).json()) as Record<string, unknown>
    expect(answer.log).toEqual({
      freeBytes: 5 * gibibyte,
      totalBytes: 100 * gibibyte,
      minFreeBytes: gibibyte,
    })
    expect(await (await get('/v1/shards/1')).json()).toMatchObject({
      headroom: log.room,
      trimProblem: 'may not delete',
    })
  })

  test('is null beside the shards where nobody tells', async () => {
    const { get, log } = await apiOver(0)
    log.room = undefined
    expect(await (await get('/v1/shards')).json()).toMatchObject({ log: null })
  })
})
