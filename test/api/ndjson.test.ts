import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createReceipts } from '../../api/receipts.ts'
import { answerOf, createNote, receiptKey, type TestApi, testApi } from './test-api.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const line = (value: unknown) => `${JSON.stringify(value)}\n`
const linesOf = (values: readonly unknown[]) => values.map(line).join('')
const notes = (count: number, userId = 4) =>
  Array.from({ length: count }, (_, i) => createNote(i + 1, userId))

async function ndjsonApi(overrides?: Parameters<typeof testApi>[0]) {
  const api = await testApi(overrides)
  const upload = (body: unknown, headers: Record<string, string> = {}) =>
    api.write(body, { 'content-type': 'application/x-ndjson', ...headers })
  return { ...api, upload }
}

/** Uploads what must be refused, and checks that nothing of it was published. */
async function refused(body: unknown, overrides?: Parameters<typeof testApi>[0]) {
  const api = await ndjsonApi(overrides)
  const response = await api.upload(body)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(api.log.published).toBe(0)
  expect(api.reported).toEqual([])
  return answerOf(response)
}

/** A body in pieces of so many bytes. */
function inPieces(body: Uint8Array, pieceBytes: number): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= body.byteLength) return controller.close()
      controller.enqueue(body.slice(at, at + pieceBytes))
      at += pieceBytes
    },
  })
}

describe('lines that are read', () => {
  test('become operations with the receipt that the JSON form gives', async () => {
    const { upload, operations, log } = await ndjsonApi()
    const body = linesOf([createNote(1, 5), createNote(2, 2), createNote(3, 5)])
    const response = await upload(body)
    expect(response.status).toBe(202)
    const answer = await answerOf(response)
    expect(answer).toMatchObject({ job: 'job-1', accepted: 3, estimatedSeconds: null })
    expect(response.headers.get('location')).toBe(`/v1/jobs/${answer.receipt}`)
    const receipts = await createReceipts([receiptKey])
    expect(await receipts.verify(answer.receipt)).toMatchObject({
      logId: log.logId,
      shards: [
        { shard: 1, first: 0, last: 0, operations: 2 },
        { shard: 2, first: 0, last: 0, operations: 1 },
      ],
    })
    expect(operations(1)).toEqual([
      { index: 0, type: 'note', kind: 'create', object: createNote(1, 5).object },
      { index: 2, type: 'note', kind: 'create', object: createNote(3, 5).object },
    ])
  })

  const two = [createNote(1, 4, 'ä😀ß'), createNote(2, 4)]
  const [first, second] = two.map((note) => JSON.stringify(note))

  test.each([
    ['with line feeds', `${first}\n${second}\n`],
    ['without the last line feed', `${first}\n${second}`],
    ['with carriage returns', `${first}\r\n${second}\r\n`],
    ['with a byte order mark at the start', `\ufeff${first}\n${second}\n`],
    ['with a byte order mark and an empty line', `\ufeff\r\n${first}\n${second}\n`],
    ['with empty lines', `\n\r\n${first}\n \t\n\n${second}\n\n`],
    ['with spaces around', `  ${first} \n\t${second}\t`],
  ])('%s, however they come', async (_, text) => {
    for (const pieceBytes of [1, 2, 3, 50, 100_000]) {
      const { upload, operations } = await ndjsonApi()
      expect((await upload(inPieces(bytes(text), pieceBytes))).status).toBe(202)
      expect(operations(0).map(({ object }) => object)).toEqual(two.map(({ object }) => object))
    }
  })

  test.each([
    'application/x-ndjson; charset=utf-8',
    'application/ndjson',
    'application/jsonl',
    'application/x-jsonlines',
    'application/jsonlines',
  ])('under the name %s', async (contentType) => {
    const { write } = await testApi()
    const response = await write(linesOf(notes(1)), { 'content-type': contentType })
    expect(response.status).toBe(202)
  })

  test('with gzip, in several members, which may begin anywhere', async () => {
    const text = linesOf(notes(500))
    const packed = Buffer.concat([gzipSync(text.slice(0, 1001)), gzipSync(text.slice(1001))])
    for (const pieceBytes of [1, 7, 1000]) {
      const { upload, operations } = await ndjsonApi()
      const body = inPieces(new Uint8Array(packed), pieceBytes)
      expect((await upload(body, { 'content-encoding': 'gzip' })).status).toBe(202)
      expect(operations(0)).toHaveLength(500)
    }
  })

  test('any operations in any chunks give what the JSON form gives', async () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 30 })
    const anyRequest = fc.record({
      operations: fc.array(
        fc
          .record({ user: fc.nat(7), text: anyText })
          .map(({ user, text }) => createNote(1, user, text)),
        { minLength: 1, maxLength: 30 },
      ),
      ends: fc.array(fc.constantFrom('\n', '\r\n', '\n\n', ' \n\t\n'), { minLength: 1 }),
      pieceBytes: fc.integer({ min: 1, max: 200 }),
      packed: fc.boolean(),
    })
    const messageLimits = { operations: 3, bytes: 1024 }
    const held = ({ operations }: TestApi) => [0, 1, 2, 3].map((shard) => operations(shard))
    await fc.assert(
      fc.asyncProperty(anyRequest, async ({ operations, ends, pieceBytes, packed }) => {
        const text = operations.map((it, i) => JSON.stringify(it) + ends[i % ends.length]).join('')
        const body = packed ? new Uint8Array(gzipSync(text)) : bytes(text)
        const ndjson = await ndjsonApi({ messageLimits })
        const headers: Record<string, string> = packed ? { 'content-encoding': 'gzip' } : {}
        expect((await ndjson.upload(inPieces(body, pieceBytes), headers)).status).toBe(202)
        const json = await testApi({ messageLimits })
        await json.write({ operations })
        expect(held(ndjson)).toEqual(held(json))
      }),
      { numRuns: 60 },
    )
  })
})

describe('an invalid line is named by its index and its line', () => {
  test.each([
    [
      'broken JSON',
      '{"type":',
      "can't be read as JSON: it ends where a value is expected, at character 8",
    ],
    [
      'a pretty-printed text',
      '{',
      "can't be read as JSON: it ends where a name in double quotes is expected, at character 1",
    ],
    ['two texts', '{} {}', "can't be read as JSON: something follows the value at character 3"],
    [
      'a name that stands twice',
      '{"type":"note","type":"note"}',
      `can't be read as JSON: "type" stands twice in one object, at character 15`,
    ],
    ['a list', `[${JSON.stringify(createNote(2, 4))}]`, 'must be an object, not a list'],
    ['null', 'null', 'must be an object, not null'],
    ['a NUL', '\0', "can't be read as JSON: a value is expected at character 0"],
    [
      'a byte order mark',
      `\ufeff${JSON.stringify(createNote(2, 4))}`,
      'begins with a byte order mark, which may stand at the start of the body only',
    ],
    [
      'containers too deep',
      `{"type":${'['.repeat(200)}${']'.repeat(200)}}`,
      "can't be read as JSON: more than 100 containers stand inside one another at character 107",
    ],
  ])('%s', async (_, text, message) => {
    const [before, after] = notes(2).map(line)
    const problem = await refused(`${before}\n\n${text}\n${after}`)
    expect(problem).toMatchObject({
      status: 422,
      errorCount: 1,
      errors: [{ index: 1, line: 4, path: '', message }],
      detail: `Nothing was written. One error: operation 1 (line 4) ${message}.`,
    })
  })

  test('invalid UTF-8, also where a chunk ends', async () => {
    const body = bytes(linesOf(notes(3)))
    body[150] = 0xff
    for (const pieceBytes of [1, 151, 1000]) {
      const problem = await refused(inPieces(body, pieceBytes))
      expect(problem.errors).toEqual([
        { index: 1, line: 2, path: '', message: 'is not valid UTF-8' },
      ])
    }
  })

  test('what its type refuses, all lines to the last', async () => {
    const bad = { type: 'note', op: 'create', object: { id: 'x', userId: '4' } }
    const problem = await refused(linesOf([...notes(1000), bad, ...notes(1000), bad]))
    expect(problem).toMatchObject({
      status: 422,
      errorCount: 2,
      errors: [
        { index: 1000, line: 1001, path: '/object/id', message: 'must be a decimal string' },
        { index: 2001, line: 2002, path: '/object/id' },
      ],
    })
  })

  test('the first 100 are listed, and all are counted, broken ones too', async () => {
    const problem = await refused(`${'{\n'.repeat(150)}${linesOf(notes(2))}${'1\n'.repeat(100)}`)
    expect(problem).toMatchObject({ status: 422, errorCount: 250 })
    expect(problem.errors).toHaveLength(100)
    expect(problem.errors.at(-1)).toMatchObject({ index: 99, line: 100 })
  })

  test('each operation that is larger than a message', async () => {
    const large = (id: number) => createNote(id, 4, 'x'.repeat(1000))
    const list = [createNote(1, 4), large(2), ...notes(20), large(3), large(4), createNote(5, 4)]
    const messageLimits = { operations: 1000, bytes: 1000 }
    const problem = await refused(`\n${linesOf(list)}`, { messageLimits })
    expect(problem).toMatchObject({ status: 422, errorCount: 3 })
    expect(problem.errors.map(({ index }) => index)).toEqual([1, 22, 23])
    expect(problem.errors[1]).toMatchObject({ index: 22, line: 24 })
    expect(problem.errors[1]!.message).toMatch(
      /^takes 11\d\d bytes in the log, one operation takes/,
    )
  })

  test('with empty lines all over, as far as their places are remembered', async () => {
    const list: unknown[] = notes(12_000)
    list[9_000] = list[11_000] = {}
    const problem = await refused(list.map((value) => `\n${line(value)}`).join(''))
    expect(problem.errors.map(({ index }) => index)).toEqual([9_000, 9_000, 11_000, 11_000])
    expect(problem.errors[0]).toMatchObject({ line: 18_002 })
    expect(problem.errors[2]).not.toHaveProperty('line')
  })
})

describe('what is no body of lines', () => {
  test('an empty one', async () => {
    expect(await refused('')).toMatchObject({ status: 400, detail: 'The body is empty.' })
  })

  test('one of empty lines', async () => {
    expect(await refused('\n\r\n  \n')).toMatchObject({
      status: 422,
      detail: 'Nothing was written. One error: the body holds no operation, only empty lines.',
    })
  })

  test('one that breaks off, though it breaks off between lines', async () => {
    const broken = new ReadableStream({
      start: (controller) => controller.enqueue(bytes(linesOf(notes(3)))),
      pull: (controller) => controller.error(new Error('reset')),
    })
    expect(await refused(broken)).toMatchObject({
      status: 400,
      detail: 'The body ended before it was whole. Nothing was written: send it again.',
    })
  })

  test('gzip within gzip', async () => {
    const { upload, log } = await ndjsonApi()
    const body = new Uint8Array(gzipSync(gzipSync(linesOf(notes(3)))))
    const response = await upload(body, { 'content-encoding': 'gzip' })
    expect(response.status).toBe(422)
    expect(log.published).toBe(0)
  })

  test('a lookup is JSON alone', async () => {
    const { post } = await testApi()
    const response = await post('/v1/jobs/lookup', '{}', { 'content-type': 'application/x-ndjson' })
    expect(response.status).toBe(415)
  })
})
