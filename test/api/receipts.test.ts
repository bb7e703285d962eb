import fc from 'fast-check'
import { CompactSign } from 'jose'
import { describe, expect, test } from 'vitest'
import { createReceipts } from '../../api/receipts.ts'
import { offset, shardId } from '../../core/position.ts'
import type { Receipt } from '../../core/receipt.ts'

const key = (kid: string, fill: number) => ({ kid, secret: new Uint8Array(32).fill(fill) })

const receipt: Receipt = {
  job: '0198a0f2-7a51-7000-8000-1d0c3f3b2a10',
  tenant: 'feed',
  logId: 'b3ZHkT2uQ0-VhRzY9M0lXw',
  acceptedAtMs: 1_795_000_000_000,
  shards: [{ shard: shardId(3), first: offset(100), last: offset(104), operations: 4000 }],
}

test('a receipt comes back as it was signed', async () => {
  const receipts = await createReceipts([key('a', 1)])
  const shard = fc.record({
    shard: fc.nat(10_000).map(shardId),
    first: fc
      .maxSafeNat()
      .map((n) => n % 2 ** 50)
      .map(offset),
    distance: fc.nat(1_000_000),
    operations: fc.integer({ min: 1, max: 1_000_000 }),
  })
  const members = {
    job: fc.string(),
    tenant: fc.string({ unit: 'binary' }),
    logId: fc.string(),
    acceptedAtMs: fc.nat(),
    shards: fc.array(
      shard.map(({ distance, ...part }) => ({ ...part, last: offset(part.first + distance) })),
    ),
  }
  const any = fc.oneof(fc.record(members), fc.record({ ...members, retryOf: fc.string() }))
  await fc.assert(
    fc.asyncProperty(any, async (made) => {
      expect(await receipts.verify(await receipts.sign(made))).toEqual(made)
    }),
  )
})

test('the receipt of a job on eight shards fits where URLs go', async () => {
  const receipts = await createReceipts([key('main', 1)])
  const shards = Array.from({ length: 8 }, (_, n) => ({
    shard: shardId(n),
    first: offset(10_000_000 + n),
    last: offset(10_000_050 + n),
    operations: 50_000,
  }))
  const text = await receipts.sign({ ...receipt, shards })
  expect(text).toMatch(/^[\w.-]+$/)
  expect(text.length).toBeLessThan(600)
})

describe('keys', () => {
  test('the first signs and all verify, so that keys can be changed', async () => {
    const before = await createReceipts([key('old', 1)])
    const both = await createReceipts([key('new', 2), key('old', 1)])
    const after = await createReceipts([key('new', 2)])
    const old = await before.sign(receipt)
    expect(await both.verify(old)).toEqual(receipt)
    expect(await after.verify(await both.sign(receipt))).toEqual(receipt)
    expect(await after.verify(old)).toBeUndefined()
  })

  test.each([
    ['none', [], 'no receipt key is set'],
    ['short', [{ kid: 'a', secret: new Uint8Array(31) }], 'receipt key a has 31 bytes'],
    ['two of one name', [key('a', 1), key('a', 2)], 'two receipt keys are named a'],
  ])('%s are refused', async (_, keys, message) => {
    await expect(createReceipts(keys)).rejects.toThrow(message)
  })
})

describe('is not taken', () => {
  test.each([
    ['nothing', ''],
    ['noise', 'a.b.c'],
    ['an unsigned one', 'eyJhbGciOiJub25lIn0.WzFd.'],
  ])('%s', async (_, text) => {
    expect(await (await createReceipts([key('a', 1)])).verify(text)).toBeUndefined()
  })

  test('one that was changed by a character', async () => {
    const receipts = await createReceipts([key('a', 1)])
    const [header, payload, signature] = (await receipts.sign(receipt)).split('.')
    const changed = `${payload!.slice(0, 20)}${payload![20] === 'A' ? 'B' : 'A'}${payload!.slice(21)}`
    expect(await receipts.verify([header, changed, signature].join('.'))).toBeUndefined()
  })

  test('one signed with another secret under the same name', async () => {
    const forged = await (await createReceipts([key('a', 2)])).sign(receipt)
    expect(await (await createReceipts([key('a', 1)])).verify(forged)).toBeUndefined()
  })

  test('one signed with the right key by another algorithm', async () => {
    const secret = new Uint8Array(64).fill(1)
    const payload = new TextEncoder().encode('[1,"job","feed","log",0,[]]')
    const sign = (alg: string) =>
      new CompactSign(payload).setProtectedHeader({ alg, kid: 'a' }).sign(secret)
    const receipts = await createReceipts([{ kid: 'a', secret }])
    expect(await receipts.verify(await sign('HS512'))).toBeUndefined()
    expect(await receipts.verify(await sign('HS256'))).toBeDefined()
  })
})
