import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { authenticateBy, parseApiKeys } from '../../api/auth.ts'
import { createReceipts } from '../../api/receipts.ts'
import { LogError, PublishError } from '../../core/log.ts'
import { keyHash } from './keys.ts'
import { noteType } from './note-type.ts'
import { answerOf, createNote, receiptKey, testApi } from './test-api.ts'

let spoolFolder = ''
beforeAll(async () => {
  spoolFolder = await mkdtemp(join(tmpdir(), 'sluice-spool-'))
})
afterAll(() => rm(spoolFolder, { recursive: true }))

const bytes = (text: string) => new TextEncoder().encode(text)
const notes = (count: number) =>
  Array.from({ length: count }, (_, i) => createNote(i, i, 'x'.repeat(100)))
const linesOf = (values: readonly unknown[]) =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('')

async function ndjsonApi(overrides?: Parameters<typeof testApi>[0]) {
  const api = await testApi({ spoolFolder, ...overrides })
  const upload = (body: unknown, headers: Record<string, string> = {}) =>
    api.write(body, { 'content-type': 'application/x-ndjson', ...headers })
  return { ...api, upload }
}

/** A body that waits amid its second line until it is told to go on. */
function heldBody(text: string) {
  let goOn = () => {}
  let giveUp = () => {}
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(bytes(text.slice(0, 200)))
      goOn = () => {
        controller.enqueue(bytes(text.slice(200)))
        controller.close()
      }
      giveUp = () => controller.error(new Error('reset'))
    },
  })
  return { body, goOn: () => goOn(), giveUp: () => giveUp() }
}

describe('what is above a limit is refused', () => {
  const whole = linesOf(notes(20))

  test.each([
    ['lines', { ndjsonLines: 19 }, { maxLines: 19 }],
    ['bytes', { ndjsonBytes: whole.length - 1 }, { maxBytes: whole.length - 1 }],
    ['a line', { ndjsonLineBytes: 150 }, { line: 1, maxLineBytes: 150 }],
    ['bytes on disk', { spoolBytes: 2000 }, { maxSpoolBytes: 2000 }],
    ['bytes on disk of all requests', { spoolBytesInFlight: 2000 }, { maxSpoolBytes: 2000 }],
  ])('%s', async (_, limits, extensions) => {
    const { upload, log } = await ndjsonApi({ limits })
    const response = await upload(whole)
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject(extensions)
    expect(log.published).toBe(0)
  })

  test('and what is just at it is not', async () => {
    const longest = Math.max(...whole.split('\n').map((text) => text.length))
    const { upload } = await ndjsonApi({
      limits: { ndjsonLines: 20, ndjsonBytes: whole.length, ndjsonLineBytes: longest },
    })
    expect((await upload(whole)).status).toBe(202)
    expect((await upload(`${whole.trim()}\n`)).status).toBe(202)
    expect((await upload(`${whole}\n`)).status).toBe(413)
  })

  test('a JSON body just at its limits is taken too', async () => {
    const operations = notes(20)
    const body = JSON.stringify({ operations })
    const { write } = await testApi({ limits: { bodyBytes: body.length, operations: 20 } })
    expect((await write(body)).status).toBe(202)
    const packed = new Uint8Array(gzipSync(body))
    expect((await write(packed, { 'content-encoding': 'gzip' })).status).toBe(202)
    expect((await write(`${body} `)).status).toBe(413)
  })

  test('a JSON request names all operations that are larger than a message', async () => {
    const large = createNote(1, 1, 'x'.repeat(300_000))
    const operations = notes(5000)
    for (const at of [17, 2500, 2501, 4999]) operations[at] = large
    const { write, log } = await testApi()
    const response = await write({ operations })
    expect(response.status).toBe(422)
    const problem = await answerOf(response)
    expect(problem.errors.map(({ index }) => index)).toEqual([17, 2500, 2501, 4999])
    expect(log.published).toBe(0)
  })

  test('a small gzip body that unpacks to empty lines without end', async () => {
    const { upload } = await ndjsonApi()
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(20_000_000, '\n')))
    const response = await upload(bomb, { 'content-encoding': 'gzip' })
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ maxLines: 5_000_000 })
  })

  test('a small gzip body that unpacks to zeros', async () => {
    const { upload } = await ndjsonApi()
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(50_000_000)))
    const response = await upload(bomb, { 'content-encoding': 'gzip' })
    expect(response.status).toBe(413)
    expect((await answerOf(response)).detail).toContain('Line 1 is longer than 2097152 bytes.')
  })

  test('gzip members that unpack to nothing are counted as they are sent', async () => {
    const { upload } = await ndjsonApi({ limits: { ndjsonBytes: 10_000 } })
    const empty = Buffer.concat(Array.from({ length: 1000 }, () => gzipSync('')))
    const response = await upload(new Uint8Array(empty), { 'content-encoding': 'gzip' })
    expect(response.status).toBe(413)
  })
})

describe('several requests at one time', () => {
  test('are read up to a limit; the next one is a 503, and places are given back', async () => {
    const { upload, operations } = await ndjsonApi({ limits: { ndjsonRequests: 2 } })
    const held = [heldBody(linesOf(notes(4))), heldBody(linesOf(notes(8)))]
    const answers = held.map(({ body }) => upload(body))
    const third = await upload(linesOf(notes(1)))
    expect(third.status).toBe(503)
    expect(third.headers.get('retry-after')).toBe('1')
    expect(await third.json()).toMatchObject({ outcome: 'none' })
    for (const { goOn } of held) goOn()
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([202, 202])
    expect([0, 1, 2, 3].map((shard) => operations(shard).length)).toEqual([3, 3, 3, 3])
    for (let i = 0; i < 3; i++) expect((await upload(linesOf(notes(1)))).status).toBe(202)
  })

  test('share the disk that is set aside, and give it back', async () => {
    const text = linesOf(notes(8))
    const limits = { spoolBytes: 2000, spoolBytesInFlight: 2500 }
    const { upload } = await ndjsonApi({ limits, messageLimits: { operations: 1, bytes: 1000 } })
    const held = heldBody(text)
    expect((await upload(text)).status).toBe(202)
    // The first line is spooled when a block is full or the body ends; so the answers decide.
    const [first, second] = [upload(held.body), upload(text)]
    held.goOn()
    const statuses = [(await first).status, (await second).status]
    expect(statuses).toContain(202)
    for (let i = 0; i < 3; i++) expect((await upload(text)).status).toBe(202)
  })
})

describe('a body that stalls', () => {
  test.each([
    ['NDJSON', 'application/x-ndjson'],
    ['JSON', 'application/json'],
  ])('is given up, and its place with it: %s', async (_, contentType) => {
    const limits = { ndjsonRequests: 1, bodyBytesInFlight: 2500 }
    const { write, clock, log } = await ndjsonApi({ limits })
    const headers = { 'content-type': contentType }
    const answer = write(heldBody(linesOf(notes(20))).body, headers)
    await expect.poll(() => clock.sleepers).toBe(1)
    clock.advance(30_000)
    const response = await answer
    expect(response.status).toBe(400)
    expect((await answerOf(response)).detail).toContain('The body brought nothing for 30 s')
    expect(log.published).toBe(0)
    const next = contentType === 'application/json' ? { operations: notes(5) } : linesOf(notes(5))
    expect((await write(next, headers)).status).toBe(202)
  })

  test('or trickles for ever', async () => {
    const { upload, clock } = await ndjsonApi({ limits: { bodyMs: 100_000 } })
    const trickle = new ReadableStream({
      pull: (controller) => {
        clock.advance(20_000)
        controller.enqueue(bytes('\n'))
      },
    })
    const response = await upload(trickle)
    expect(response.status).toBe(400)
  })
})

describe('keys that may not write all types', () => {
  test('a forbidden type in a late line refuses the whole', async () => {
    const key = { hash: keyHash('k'), tenant: 'feed', role: 'writer', types: ['note'] }
    const types = new Map([
      ['note', noteType()],
      ['secret', noteType('secret')],
    ])
    const authenticate = authenticateBy(parseApiKeys(JSON.stringify([key])))
    const { upload, log } = await ndjsonApi({ types, authenticate })
    const list: unknown[] = notes(50_000)
    list.push({ ...createNote(1, 1), type: 'secret' })
    const response = await upload(linesOf(list), { authorization: 'Bearer k' })
    expect(response.status).toBe(403)
    expect((await answerOf(response)).detail).toContain('may write note, not secret')
    expect(log.published).toBe(0)
  })
})

describe('publishing', () => {
  /** Some 3 groups of 4 MiB each. */
  const manyLines = linesOf(notes(60_000))

  test('spans groups: each shard in order, one receipt over all of them', async () => {
    const { upload, operations, log } = await ndjsonApi()
    let calls = 0
    log.onCall = (call) => {
      if (call === 'publish') calls++
    }
    const response = await upload(manyLines)
    expect(response.status).toBe(202)
    expect(calls).toBeGreaterThan(1)
    const receipts = await createReceipts([receiptKey])
    const receipt = await receipts.verify((await answerOf(response)).receipt)
    for (const shard of [0, 1, 2, 3]) {
      const indexes = operations(shard).map(({ index }) => index)
      expect(indexes).toEqual(Array.from({ length: 15_000 }, (_, i) => i * 4 + shard))
      const last = log.messages[shard]!.length - 1
      expect(receipt!.shards[shard]).toEqual({ shard, first: 0, last, operations: 15_000 })
    }
  })

  test.each([
    ['none', new PublishError('none', 'secret host is down')],
    ['unknown', new PublishError('unknown', 'secret host timed out')],
  ])('that fails at the start is a 503 with the outcome %s', async (outcome, error) => {
    const { upload, log, reported } = await ndjsonApi()
    log.failWith = error
    const response = await upload(manyLines)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    const problem = await answerOf(response)
    expect(problem).toMatchObject({ outcome })
    expect(JSON.stringify(problem)).not.toContain('secret')
    expect(reported).toEqual([{ where: 'POST /v1/writes', error }])
  })

  test('that fails midway with nothing written goes on for a while', async () => {
    const { upload, log, clock, operations } = await ndjsonApi()
    let calls = 0
    log.onCall = (call) => {
      if (call !== 'publish' || ++calls !== 2) return
      for (let i = 0; i < 3; i++) log.fail('publish', new PublishError('none', 'busy'))
    }
    const answer = upload(manyLines)
    for (let i = 0; i < 3; i++) {
      await expect.poll(() => clock.sleepers, { timeout: 10_000 }).toBe(1)
      clock.advance(500)
    }
    expect((await answer).status).toBe(202)
    expect(operations(3).map(({ index }) => index)).toEqual(
      Array.from({ length: 15_000 }, (_, i) => i * 4 + 3),
    )
  })

  test.each([
    ['may be written', new PublishError('unknown', 'timed out')],
    [
      'can never be',
      new PublishError('none', 'gone', { cause: new LogError('recreated', 'gone') }),
    ],
  ])('of which a later group %s is unknown at once', async (_, error) => {
    const { upload, log } = await ndjsonApi()
    let calls = 0
    log.onCall = (call) => {
      if (call === 'publish' && ++calls === 2) log.fail('publish', error)
    }
    const response = await upload(manyLines)
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ outcome: 'unknown' })
  })

  test('that is not taken up again in time is unknown', async () => {
    const { upload, log, clock } = await ndjsonApi({ limits: { publishRetryMs: 1000 } })
    let calls = 0
    log.onCall = (call) => {
      if (call === 'publish' && ++calls === 2) log.failWith = new PublishError('none', 'down')
    }
    const answer = upload(manyLines)
    for (let i = 0; i < 2; i++) {
      await expect.poll(() => clock.sleepers, { timeout: 10_000 }).toBe(1)
      clock.advance(500)
    }
    expect(await (await answer).json()).toMatchObject({ status: 503, outcome: 'unknown' })
  })
})

describe('the spool', () => {
  test('leaves no file, whatever becomes of the request', async () => {
    const { upload, log } = await ndjsonApi()
    const seen: string[][] = []
    log.onCall = () => void readdir(spoolFolder).then((names) => seen.push(names))
    await upload(linesOf(notes(10)))
    await upload(`${linesOf(notes(10))}x`)
    log.failWith = new PublishError('none', 'down')
    await upload(linesOf(notes(10)))
    const held = heldBody(linesOf(notes(10)))
    const broken = upload(held.body)
    held.giveUp()
    expect((await broken).status).toBe(400)
    expect(await readdir(spoolFolder)).toEqual([])
    for (const names of seen) expect(names).toEqual([])
  })
})
