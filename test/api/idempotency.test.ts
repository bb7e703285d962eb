import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { authenticateBy, parseApiKeys } from '../../api/auth.ts'
import { keyedJob, keyedJobPart, readKeyedHeaders } from '../../core/keyed-request.ts'
import { LogError, PublishError } from '../../core/log.ts'
import { newDigest } from '../../runtime/digest.ts'
import { answerOf, createNote, testApi } from './test-api.ts'

const oneNote = { operations: [createNote(1, 5)] }
const hourMs = 3_600_000

/** An API, and writes under a key. */
async function keyedApi(overrides: Parameters<typeof testApi>[0] = {}) {
  const api = await testApi(overrides)
  const send = (key: string, body: unknown = oneNote, headers: Record<string, string> = {}) =>
    api.write(body, { 'idempotency-key': key, ...headers })
  /** What the messages on a shard say of their request. */
  const keyed = (shard = 1) =>
    api.log.messages[shard]!.map(({ headers }) => readKeyedHeaders(headers))
  return { ...api, send, keyed }
}

const sha256 = (text: string) => {
  const digest = newDigest()
  digest.update(text)
  return digest.finish()
}

describe('a request with an Idempotency-Key', () => {
  test('says in each message’s headers which one it is, with one time for all', async () => {
    const { send, clock, keyed } = await keyedApi()
    const operations = Array.from({ length: 2500 }, (_, i) => createNote(i, 5))
    const response = await send('order-1', { operations })
    expect(response.status).toBe(202)
    expect(response.headers.get('idempotent-replayed')).toBeNull()
    const digest = sha256(`json\n${JSON.stringify({ operations })}`)
    expect(keyed()).toEqual(
      Array.from({ length: 3 }, () => ({
        ...{ key: 'order-1', digest },
        publishedAtMs: clock.epochMs(),
      })),
    )
    const { job } = await answerOf(response)
    expect(job).toBe(keyedJob(keyedJobPart(newDigest, 'default', 'order-1'), digest))
    expect(job).toMatch(/^[\w-]{22}\.[\w-]{22}$/)
  })

  test('has the job of its tenant, key and body, in whichever process it is answered', async () => {
    const jobOf = async (key: string, body: unknown = oneNote, headers = {}) => {
      const { send } = await keyedApi()
      return (await answerOf(await send(key, body, headers))).job
    }
    const job = await jobOf('k')
    expect(await jobOf('k')).toBe(job)
    expect(await jobOf('"k"')).toBe(job)
    expect(
      await jobOf('k', new Uint8Array(gzipSync(JSON.stringify(oneNote))), {
        'content-encoding': 'gzip',
      }),
    ).toBe(job)
    expect(await jobOf('k', oneNote, { 'content-type': 'application/json; charset=utf-8' })).toBe(
      job,
    )
    const others = [
      await jobOf('l'),
      await jobOf('k', { operations: [createNote(2, 5)] }),
      await jobOf('k', JSON.stringify(oneNote.operations[0]), {
        'content-type': 'application/x-ndjson',
      }),
    ]
    expect(new Set([job, ...others]).size).toBe(4)
    // Another body has another job of the same request.
    expect(others[1]!.slice(0, 22)).toBe(job!.slice(0, 22))
  })

  test('of NDJSON has the digest of its unpacked body', async () => {
    const { send, keyed } = await keyedApi()
    const lines = Array.from({ length: 3000 }, (_, i) => JSON.stringify(createNote(i, 5))).join(
      '\n',
    )
    const headers = { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' }
    const response = await send('upload', new Uint8Array(gzipSync(lines)), headers)
    expect(response.status).toBe(202)
    expect(new Set(keyed().map((request) => JSON.stringify(request))).size).toBe(1)
    expect(keyed()[0]).toMatchObject({ key: 'upload', digest: sha256(`ndjson\n${lines}`) })
  })

  test('that is invalid leaves the key free', async () => {
    const { send, log } = await keyedApi()
    const invalid = await send('k', { operations: [{ type: 'note', op: 'create', object: {} }] })
    expect(invalid.status).toBe(422)
    expect((await send('k')).status).toBe(202)
    expect(log.published).toBe(1)
  })
})

describe('a key', () => {
  test.each([
    ['bare', '8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['quoted', '"a key, with \\"all\\" of \\\\"', 'a key, with "all" of \\'],
    ['of 255 characters', 'k'.repeat(255), 'k'.repeat(255)],
    ['of 255 characters in quotes', `"${'k'.repeat(255)}"`, 'k'.repeat(255)],
  ])('%s is taken', async (_, header, key) => {
    const { send, keyed } = await keyedApi()
    expect((await send(header)).status).toBe(202)
    expect(keyed()).toMatchObject([{ key }])
  })

  test.each([
    ['empty', ''],
    ['quoted and empty', '""'],
    ['of 256 characters', 'k'.repeat(256)],
    ['of two headers', 'one, two'],
    ['of two quoted headers', '"one", "two"'],
    ['with parameters', '"one";a=1'],
    ['that is not ended', '"one'],
    ['with an escape of a letter', '"\\a"'],
    ['bare with a space', 'one two'],
    ['outside of ASCII', 'schl\u00fcssel'],
    ['with a tab', '"a\tb"'],
  ])('%s is refused before the body is read', async (_, header) => {
    const { send, log } = await keyedApi()
    const response = await send(header, 'no JSON')
    expect(response.status).toBe(400)
    expect((await answerOf(response)).detail).toMatch(
      /^Idempotency-Key must be one key of 1 to 255/,
    )
    expect(log.published).toBe(0)
  })
})

describe('a request that comes again', () => {
  test('gets the same receipt, and nothing is published again', async () => {
    const { send, log, clock } = await keyedApi()
    const first = await answerOf(await send('k'))
    await clock.runFor(23 * hourMs)
    const again = await send('"k"')
    expect(again.status).toBe(202)
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(again.headers.get('location')).toBe(`/v1/jobs/${first.receipt}`)
    expect(await answerOf(again)).toEqual(first)
    expect(log.published).toBe(1)
  })

  test('with another body is refused, and the first one still stands', async () => {
    const { send, log } = await keyedApi()
    await send('k')
    const response = await send('k', { operations: [createNote(2, 5)] })
    expect(response.status).toBe(422)
    expect(await answerOf(response)).toMatchObject({
      type: 'urn:sluice:problem:idempotency-key-reused',
      outcome: 'none',
    })
    expect((await send('k')).headers.get('idempotent-replayed')).toBe('true')
    expect(log.published).toBe(1)
  })

  test('24 hours after it was published is another request', async () => {
    const { send, clock, keyed } = await keyedApi()
    await send('k')
    await clock.runFor(24 * hourMs - 1)
    expect((await send('k')).headers.get('idempotent-replayed')).toBe('true')
    await clock.runFor(1)
    const response = await send('k', { operations: [createNote(2, 5)] })
    expect(response.status).toBe(202)
    expect(response.headers.get('idempotent-replayed')).toBeNull()
    expect(keyed()).toHaveLength(2)
  })

  test('of another tenant is another request', async () => {
    const secrets = ['one', 'two'].map((tenant) => ({ tenant, secret: `secret-${tenant}` }))
    const keys = secrets.map(({ tenant, secret }) => ({
      hash: `sha256:${Buffer.from(sha256(secret), 'base64url').toString('hex')}`,
      ...{ tenant, role: 'writer' },
    }))
    const authenticate = authenticateBy(parseApiKeys(JSON.stringify(keys)))
    const { send, log } = await keyedApi({ authenticate })
    const jobs: unknown[] = []
    for (const { secret } of secrets) {
      const response = await send('k', oneNote, { authorization: `Bearer ${secret}` })
      expect(response.headers.get('idempotent-replayed')).toBeNull()
      jobs.push((await answerOf(response)).job)
    }
    expect(new Set(jobs).size).toBe(2)
    expect(log.published).toBe(2)
  })

  test('while it is answered is refused, until it is', async () => {
    const { send, log } = await keyedApi()
    const gate = Promise.withResolvers<void>()
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        await gate.promise
        controller.enqueue(new TextEncoder().encode(JSON.stringify(oneNote)))
        controller.close()
      },
    })
    const first = send('k', body)
    const second = await send('k')
    expect(second.status).toBe(409)
    expect(second.headers.get('retry-after')).toBe('1')
    expect((await send('other')).status).toBe(202)
    gate.resolve()
    expect((await first).status).toBe(202)
    expect((await send('k')).headers.get('idempotent-replayed')).toBe('true')
    expect(log.published).toBe(2)
  })

  test.each([
    ['answers', { answeredRequests: 2 }],
    ['receipts', { answeredReceiptsLength: 700 }],
  ])('is published again once too many %s came after it: the shards know it', async (_, limits) => {
    const { send, keyed } = await keyedApi({ limits })
    for (const key of ['a', 'b', 'c', 'd']) await send(key)
    const isReplayed = async (key: string) =>
      (await send(key)).headers.get('idempotent-replayed') === 'true'
    expect(await isReplayed('d')).toBe(true)
    expect(await isReplayed('a')).toBe(false)
    const [first, , , , again] = keyed()
    expect(again).toEqual(first)
  })
})

describe('a publish that fails', () => {
  const lost = new PublishError('unknown', 'no answer')

  test('leaves the key free, and its copy has the same job and a time of its own', async () => {
    const { send, log, clock, keyed } = await keyedApi()
    log.fail('publish', lost, 1)
    const failed = await send('k')
    expect(failed.status).toBe(503)
    const answer = await answerOf(failed)
    expect(answer).toMatchObject({ outcome: 'unknown' })
    expect(answer.detail).toContain('Send this again with the same Idempotency-Key')
    await clock.runFor(5000)
    const response = await send('k')
    expect(response.status).toBe(202)
    expect(response.headers.get('idempotent-replayed')).toBeNull()
    expect(keyed().at(-1)).toMatchObject({ publishedAtMs: clock.epochMs() })
  })

  test('without a key says that a key would have made it safe', async () => {
    const { write, log } = await keyedApi()
    log.fail('publish', lost, 1)
    const answer = await answerOf(await write(oneNote))
    expect(answer).toMatchObject({ status: 503, outcome: 'unknown' })
    expect(answer.detail).toContain(
      'with an Idempotency-Key from the first time on can be sent again safely',
    )
  })

  test('with nothing written says so', async () => {
    const { send, log } = await keyedApi()
    log.fail(
      'publish',
      new PublishError('none', 'away', { cause: new LogError('closed', 'away') }),
      1,
    )
    expect(await answerOf(await send('k'))).toMatchObject({ status: 503, outcome: 'none' })
  })
})
