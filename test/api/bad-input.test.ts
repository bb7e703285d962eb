import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { answerOf, createNote, testApi } from './test-api.ts'

const oneNote = JSON.stringify({ operations: [createNote(1, 7)] })
const bytes = (text: string) => new TextEncoder().encode(text)

/** Sends a body that must be refused, and checks that the answer is a problem and nothing is written. */
async function refused(body: unknown, headers?: Record<string, string>, api = testApi()) {
  const { write, log, reported } = await api
  const response = await write(body, headers)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const problem = await answerOf(response)
  expect(problem.status).toBe(response.status)
  expect(problem).toEqual(
    expect.objectContaining({ type: expect.any(String), title: expect.any(String) }),
  )
  expect(log.published).toBe(0)
  expect(reported).toEqual([])
  return problem
}

/** A body of 40 bytes a chunk, and what was taken of it. */
function endlessBody(chunks: number) {
  const taken = { chunks: 0, cancelled: false }
  const body = new ReadableStream({
    pull(controller) {
      if (taken.chunks === chunks) return controller.close()
      taken.chunks++
      controller.enqueue(bytes(' '.repeat(40)))
    },
    cancel() {
      taken.cancelled = true
    },
  })
  return { body, taken: () => taken }
}

const wholeList = (operation: unknown) => ({ operations: [createNote(1, 7), operation] })

describe('a body that cannot be read', () => {
  test('truncated JSON is told with the place where it ends', async () => {
    const problem = await refused(oneNote.slice(0, 27))
    expect(problem).toMatchObject({ status: 400, position: 23 })
    expect(problem.detail).toContain('a string that does not end well begins at character 23')
  })

  test('a body over the limit, by its length', async () => {
    const body = bytes(' '.repeat(101))
    const api = testApi({ limits: { bodyBytes: 100 } })
    const problem = await refused(body, { 'content-length': '101' }, api)
    expect(problem).toMatchObject({ status: 413, maxBytes: 100 })
    expect(problem.detail).toContain('101 bytes')
  })

  test('a chunked body over the limit, without a length', async () => {
    const { body, taken } = endlessBody(3)
    const problem = await refused(body, {}, testApi({ limits: { bodyBytes: 100 } }))
    expect(problem).toMatchObject({ status: 413, maxBytes: 100 })
    // To its end, so that the client is done writing when the answer comes.
    expect(taken()).toEqual({ chunks: 3, cancelled: false })
  })

  test('a chunked body without an end, of which no more than a limit is discarded', async () => {
    const { body, taken } = endlessBody(Number.POSITIVE_INFINITY)
    const limits = { bodyBytes: 100, discardedBytes: 400 }
    const problem = await refused(body, {}, testApi({ limits }))
    expect(problem).toMatchObject({ status: 413, maxBytes: 100 })
    expect(taken().cancelled).toBe(true)
    expect(taken().chunks).toBeLessThan(20)
  })

  test('a small gzip body that unpacks to more than the limit', async () => {
    const bomb = gzipSync(' '.repeat(1_000_000))
    const api = testApi({ limits: { bodyBytes: 10_000 } })
    const problem = await refused(new Uint8Array(bomb), { 'content-encoding': 'gzip' }, api)
    expect(problem).toMatchObject({ status: 413, maxBytes: 10_000 })
  })

  test('gzip that is damaged', async () => {
    const half = new Uint8Array(gzipSync(oneNote)).slice(0, 30)
    const problem = await refused(half, { 'content-encoding': 'gzip' })
    expect(problem).toMatchObject({ status: 400, detail: 'The body is not whole gzip data.' })
  })

  test('containers 10,000 deep', async () => {
    const deep = `{"operations":${'['.repeat(10_000)}${']'.repeat(10_000)}}`
    const problem = await refused(deep)
    expect(problem.status).toBe(400)
    expect(problem.detail).toContain('more than 100 containers stand inside one another')
  })

  test('containers a million deep that never close', async () => {
    expect(await refused('{"a":'.repeat(1_000_000))).toMatchObject({ status: 400 })
  })

  test('a name that stands twice in one object', async () => {
    const problem = await refused(oneNote.replace('"id":"1"', '"id":"1","text":"a","id":"2"'))
    expect(problem.status).toBe(400)
    expect(problem.detail).toContain('"id" stands twice in one object, at character')
  })

  test('NaN', async () => {
    const problem = await refused(oneNote.replace('"1"', 'NaN'))
    expect(problem).toMatchObject({ status: 400, position: oneNote.indexOf('"1"') })
  })

  test('a number beyond a double', async () => {
    const problem = await refused(oneNote.replace('"text":', '"extra":1e400,"text":'))
    expect(problem.status).toBe(400)
    expect(problem.detail).toContain('a number is beyond what a double holds')
  })

  test('invalid UTF-8', async () => {
    const broken = bytes(oneNote)
    broken[oneNote.indexOf('hello')] = 0xff
    const problem = await refused(broken)
    expect(problem).toMatchObject({ status: 400, detail: 'The body is not valid UTF-8.' })
  })

  test('an empty body', async () => {
    expect(await refused('')).toMatchObject({ status: 400, detail: 'The body is empty.' })
  })

  test('a body that breaks off while it is sent', async () => {
    const broken = new ReadableStream({
      start: (controller) => controller.enqueue(bytes(oneNote.slice(0, 10))),
      pull: (controller) => controller.error(new Error('reset')),
    })
    expect(await refused(broken)).toMatchObject({ status: 400 })
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=utf-16',
    'application/jsonp',
    '',
  ])('the content type %j', async (contentType) => {
    const problem = await refused(bytes(oneNote), { 'content-type': contentType })
    expect(problem).toMatchObject({
      status: 415,
      detail: expect.stringContaining(`in UTF-8; ${JSON.stringify(contentType)} was sent.`),
    })
  })

  test('another encoding than gzip', async () => {
    const problem = await refused(oneNote, { 'content-encoding': 'br' })
    expect(problem).toMatchObject({
      status: 415,
      detail: 'The content encoding is "br": send the body plain, or with gzip.',
    })
  })
})

describe('a request of a wrong shape', () => {
  test.each([
    ['a list', [createNote(1, 7)]],
    ['a number', 1],
    ['null', null],
  ])('%s instead of an object', async (_, body) => {
    const problem = await refused(JSON.stringify(body))
    expect(problem).toMatchObject({ status: 422, errorCount: 1 })
    expect(problem.errors[0]).toMatchObject({ index: null, path: '' })
  })

  test('an empty list of operations', async () => {
    const problem = await refused({ operations: [] })
    expect(problem.status).toBe(422)
    expect(problem.errors).toEqual([{ index: null, path: '/operations', message: 'is empty' }])
  })

  test('an empty list of objects', async () => {
    const problem = await refused({ type: 'note', op: 'create', objects: [] })
    expect(problem.errors).toEqual([{ index: null, path: '/objects', message: 'is empty' }])
  })

  test('something else than a list', async () => {
    const problem = await refused({ operations: { 0: createNote(1, 7) } })
    expect(problem.errors).toEqual([
      { index: null, path: '/operations', message: 'must be a list, not an object' },
    ])
  })

  test('both forms in one request', async () => {
    const problem = await refused({ operations: [createNote(1, 7)], type: 'note', objects: [] })
    expect(problem.status).toBe(422)
    expect(problem.errors.map(({ path }) => path)).toEqual(['/type', '/objects'])
    expect(problem.errors[0]!.message).toContain('send one form or the other')
  })

  test('a field beside the operations that does not exist', async () => {
    const problem = await refused({ operations: [createNote(1, 7)], 'dry/run': true })
    expect(problem.errors[0]).toMatchObject({ index: null, path: '/dry~1run' })
  })

  test('more operations than a request may hold', async () => {
    const operations = [createNote(1, 7), createNote(2, 7), createNote(3, 7)]
    const problem = await refused({ operations }, {}, testApi({ limits: { operations: 2 } }))
    expect(problem).toMatchObject({ status: 413, maxOperations: 2 })
  })
})

describe('an invalid operation is named by its index and path', () => {
  const note = (object: object) => ({ type: 'note', op: 'create', object })

  test.each([
    ['no object', 3, '', 'must be an object, not a number'],
    [
      'an unknown type',
      { ...createNote(2, 7), type: 'nte' },
      '/type',
      '"nte" is unknown; known are note',
    ],
    [
      'a type inherited by objects',
      { ...createNote(2, 7), type: 'constructor' },
      '/type',
      '"constructor" is unknown; known are note',
    ],
    ['no type', { op: 'create', object: {} }, '/type', 'must be a string, not absent'],
    [
      'an unknown kind',
      { ...createNote(2, 7), op: 'replace' },
      '/op',
      '"replace" is unknown; known are create, upsert, update, increment, delete',
    ],
    [
      'an object instead of a kind',
      { ...createNote(2, 7), op: {} },
      '/op',
      'must be a string, not an object',
    ],
    [
      'an unknown field of the operation',
      { ...createNote(2, 7), if: 1 },
      '/if',
      'is unknown; known are type, op, object, by',
    ],
    [
      'an unknown field of the object',
      note({ id: '2', userId: '7', colour: 1 }),
      '/object/colour',
      'is unknown',
    ],
    ['a missing key', note({ userId: '7' }), '/object/id', 'must be a decimal string'],
    ['a malformed key', note({ id: 'x1', userId: '7' }), '/object/id', 'must be a decimal string'],
    [
      'an object where a scalar belongs',
      note({ id: '2', userId: '7', text: { a: 1 } }),
      '/object/text',
      'must be a string',
    ],
    [
      'an unsafe integer',
      note({ id: '2', userId: '7', likes: 2 ** 53 }),
      '/object/likes',
      'must be a safe integer',
    ],
    ['no object in the operation', { type: 'note', op: 'create' }, '/object', 'must be an object'],
    [
      'amounts without an increment',
      { ...createNote(2, 7), by: { likes: 1 } },
      '/by',
      'belongs to increments only',
    ],
  ])('%s', async (_, operation, path, message) => {
    const problem = await refused(wholeList(operation))
    expect(problem.status).toBe(422)
    expect(problem.errors).toContainEqual({
      index: 1,
      path,
      message: expect.stringContaining(message),
    })
  })

  test('an integer that JSON.parse rounds', async () => {
    const text = JSON.stringify(wholeList(note({ id: '2', userId: '7', likes: 0 })))
    const problem = await refused(text.replace('"likes":0', '"likes":12345678901234567890'))
    expect(problem.errors[0]).toMatchObject({ index: 1, path: '/object/likes' })
  })

  test('__proto__ is an unknown field, of an operation and of an object', async () => {
    const ofObject = oneNote.replace('"text":', '"__proto__":{"polluted":1},"text":')
    expect((await refused(ofObject)).errors[0]).toMatchObject({ path: '/object/__proto__' })
    const ofOperation = oneNote.replace('"type":', '"__proto__":{"polluted":1},"type":')
    expect((await refused(ofOperation)).errors[0]).toMatchObject({ path: '/__proto__' })
    const ofRequest = oneNote.replace('{', '{"__proto__":{"operations":[]},')
    expect((await refused(ofRequest)).errors[0]).toMatchObject({ path: '/__proto__' })
    expect('polluted' in {}).toBe(false)
  })

  test('the first 100 are listed, and all are counted', async () => {
    const operations = Array.from({ length: 250 }, (_, i) => note({ id: `${i}` }))
    const problem = await refused({ operations })
    expect(problem).toMatchObject({ status: 422, errorCount: 250 })
    expect(problem.errors).toHaveLength(100)
    expect(problem.detail).toContain('Nothing was written. 250 errors')
  })

  test('long names come back cut, not whole', async () => {
    const problem = await refused(wholeList({ ...createNote(2, 7), ['x'.repeat(100_000)]: 1 }))
    expect(JSON.stringify(problem).length).toBeLessThan(1000)
  })

  test('one 2-MB value does not fit into a message', async () => {
    const problem = await refused(wholeList(createNote(2, 7, 'x'.repeat(2_000_000))))
    expect(problem).toMatchObject({ status: 422, errorCount: 1 })
    expect(problem.errors[0]).toMatchObject({ index: 1, path: '' })
    expect(problem.errors[0]!.message).toMatch(/^takes 2000\d{3} bytes in the log/)
  })

  test("in the form of one kind, a wrong type or kind is the request's error", async () => {
    const problem = await refused({ type: 'nte', op: 'make', objects: [{}, {}] })
    expect(problem.errors).toEqual([
      expect.objectContaining({ index: null, path: '/type' }),
      expect.objectContaining({ index: null, path: '/op' }),
    ])
  })

  test('in the form of one kind, each object has its index', async () => {
    const objects = [{ id: '1', userId: '7' }, { id: '2' }]
    const problem = await refused({ type: 'note', op: 'create', objects })
    expect(problem.errors).toEqual([
      { index: 1, path: '/object/userId', message: 'must be a decimal string' },
    ])
  })
})
