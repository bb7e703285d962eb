import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseReceiptKeys, readOrMakeReceiptKeys } from '../../api/receipt-keys.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-keys-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('keys that nobody set', () => {
  test('are made once, for the owner of the file alone', async () => {
    const path = join(folder, 'made', 'receipt-keys.json')
    const keys = await readOrMakeReceiptKeys(path)
    expect(keys).toEqual([{ kid: '1', secret: expect.any(Uint8Array) }])
    expect(keys[0]!.secret).toHaveLength(32)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readOrMakeReceiptKeys(path)).toEqual(keys)
    expect(await readdir(join(folder, 'made'))).toEqual(['receipt-keys.json'])
  })

  test('are the same for all that start at one time', async () => {
    const path = join(folder, 'together.json')
    const found = await Promise.all(Array.from({ length: 8 }, () => readOrMakeReceiptKeys(path)))
    expect(new Set(found.map((keys) => keys[0]!.secret.toString())).size).toBe(1)
  })
})

test('a file of keys is read in its order', () => {
  const secret = Buffer.alloc(40, 5).toString('base64')
  const keys = parseReceiptKeys(JSON.stringify(['b', 'a'].map((kid) => ({ kid, secret }))))
  expect(keys.map(({ kid }) => kid)).toEqual(['b', 'a'])
  expect(keys[0]!.secret).toEqual(new Uint8Array(40).fill(5))
})

test.each([
  ['no JSON', '[', 'is not JSON'],
  ['no list', '{}', 'is no list; expected is a JSON list such as [{"kid": "1"'],
  ['an empty list', '[]', 'has no key'],
  ['no object', '[null]', 'entry 1 of the receipt key file is no object'],
  [
    'another secret',
    '[{"kid":"a","secret":"not base 64"}]',
    'entry 1 of the receipt key file needs a secret in base64',
  ],
])('%s is refused, without the secret', (_, text, message) => {
  const parse = () => parseReceiptKeys(text)
  expect(parse).toThrow(message)
  expect(parse).not.toThrow('not base 64')
})
