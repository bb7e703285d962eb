import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { authenticateBy, isLoopback, parseApiKeys } from '../../api/auth.ts'
import { decodeMessage } from '../../core/message.ts'
import { keyHash } from './keys.ts'
import { noteType } from './note-type.ts'
import { answerOf, createNote, testApi } from './test-api.ts'

const keys = parseApiKeys(
  JSON.stringify([
    { hash: keyHash('writer-key'), tenant: 'feed', role: 'writer', types: ['note'] },
    { hash: keyHash('reader-key'), tenant: 'feed', role: 'reader' },
  ]),
)
const types = new Map([
  ['note', noteType()],
  ['secret', noteType('secret')],
])
const api = () => testApi({ authenticate: authenticateBy(keys), types })
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

describe('with API keys', () => {
  test.each([
    ['no key', {}],
    ['an unknown key', bearer('other')],
    ['a hash instead of the key', bearer(keyHash('writer-key'))],
    ['another scheme', { authorization: 'Basic writer-key' }],
    ['an empty key', { authorization: 'Bearer ' }],
  ])('%s is a 401 on every route but health', async (_, headers) => {
    const { get, write } = await api()
    const answers = [
      await write({ operations: [createNote(1, 0)] }, headers),
      await get('/v1/shards', headers),
      await get('/v1/jobs/x', headers),
    ]
    for (const answer of answers) {
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    }
    expect((await get('/healthz', headers)).status).toBe(200)
    expect((await get('/readyz', headers)).status).toBe(200)
  })

  test("a write belongs to its key's tenant", async () => {
    const { write, log } = await api()
    expect((await write({ operations: [createNote(1, 0)] }, bearer('writer-key'))).status).toBe(202)
    const decoded = decodeMessage(log.messages[0]![0]!.bytes, crc32)
    expect(decoded).toMatchObject({ message: { tenant: 'feed' } })
  })

  test('a reader may look and not write', async () => {
    const { write, get, log } = await api()
    expect((await write({ operations: [createNote(1, 0)] }, bearer('reader-key'))).status).toBe(403)
    expect((await get('/v1/shards', bearer('reader-key'))).status).toBe(200)
    expect(log.published).toBe(0)
  })

  test('a key writes only its types, and nothing of a request that has others', async () => {
    const { write, log } = await api()
    const operations = [createNote(1, 0), { ...createNote(2, 0), type: 'secret' }]
    const response = await write({ operations }, bearer('writer-key'))
    expect(response.status).toBe(403)
    expect((await answerOf(response)).detail).toContain('may write note, not secret')
    expect(log.published).toBe(0)
  })
})

describe('a file of API keys', () => {
  const hash = keyHash('k')

  test.each([
    ['{', 'is not JSON'],
    ['null', 'the API key file is no list'],
    ['{}', 'the API key file is no list; expected is a JSON list such as [{"hash": "sha256:<64'],
    ['[]', 'the API key file has no key'],
    ['[null]', 'entry 1 of the API key file is no object'],
    [
      JSON.stringify([{ hash: 'k', tenant: 'a', role: 'writer' }]),
      'entry 1 of the API key file needs a hash',
    ],
    [JSON.stringify([{ hash, tenant: '', role: 'writer' }]), 'needs a tenant'],
    [
      JSON.stringify([{ hash, tenant: 'a', role: 'root' }]),
      'needs a role, one of reader, writer, admin',
    ],
    [
      JSON.stringify([{ hash, tenant: 'a', role: 'writer', types: 'pin' }]),
      'types that are not a list',
    ],
    [JSON.stringify([{ hash, tenant: 'a', role: 'writer', key: 'k' }]), 'an unknown field key'],
  ])('%s is refused', (text, message) => {
    expect(() => parseApiKeys(text)).toThrow(message)
  })

  test('errors never show a hash', () => {
    const text = JSON.stringify([{ hash: `${hash}0`, tenant: 'a', role: 'writer' }])
    expect(() => parseApiKeys(text)).toThrow(/^((?!sha256:[0-9a-f]{8}).)*$/)
  })
})

test('only addresses of this machine are loopback', () => {
  expect(['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]'].every(isLoopback)).toBe(true)
  const others = ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com', 'localhost.example.com', '']
  expect(others.some(isLoopback)).toBe(false)
})
