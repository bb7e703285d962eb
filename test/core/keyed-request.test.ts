import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KeyedRequest } from '../../core/keyed-request.ts'
import { isKey, keyedHeaders, ownKey, readKeyedHeaders } from '../../core/keyed-request.ts'

const digest = 'x'.repeat(42).concat('_')
const keyed: KeyedRequest = { key: 'a key', digest, publishedAtMs: 1_795_489_445_123 }
const headers = keyedHeaders(keyed)

test('what is written into headers is read from them, among others', () => {
  const requests = fc.record({
    key: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 255 }),
    digest: fc.string({ unit: fc.constantFrom(...'aZ09-_'), minLength: 43, maxLength: 43 }),
    publishedAtMs: fc.nat({ max: 1e15 - 1 }),
  })
  fc.assert(
    fc.property(requests, (request) => {
      const read = readKeyedHeaders({ traceparent: '00-a-b-01', ...keyedHeaders(request) })
      expect(read).toEqual(request)
    }),
  )
})

test('a message without them is of a request without a key', () => {
  expect(readKeyedHeaders({ traceparent: '00-a-b-01' })).toBeUndefined()
})

test.each([
  ['sluice-key', undefined],
  ['sluice-key', ''],
  ['sluice-key', 'k'.repeat(256)],
  ['sluice-key', 'schl\u00fcssel'],
  ['sluice-key', ownKey('k')],
  ['sluice-key', 'a\nb'],
  ['sluice-digest', undefined],
  ['sluice-digest', digest.slice(1)],
  ['sluice-digest', `${digest}x`],
  ['sluice-digest', digest.replace('_', '/')],
  ['sluice-published-at', undefined],
  ['sluice-published-at', ''],
  ['sluice-published-at', '-1'],
  ['sluice-published-at', '1e3'],
  ['sluice-published-at', '1'.repeat(16)],
  ['sluice-published-at', '2026-11-24T00:00:00Z'],
])('%s %j is of no known form', (name, value) => {
  const { [name]: _, ...others } = headers
  const found = readKeyedHeaders({ ...others, ...(value !== undefined && { [name]: value }) })
  expect(found).toBe(`a header ${name} of another form`)
})

test('no client can send a key of Sluice’s own', () => {
  expect(isKey(ownKey('retry'))).toBe(false)
})
