import { CompactSign, compactVerify } from 'jose'
import { offset, shardId } from '../core/position.ts'
import type { Receipt, ReceiptShard } from '../core/receipt.ts'

/** A key that signs receipts. `kid` names it in the receipts it signed. */
export interface ReceiptKey {
  readonly kid: string
  readonly secret: Uint8Array
}

/** Turns receipts into text that only this deployment can make, and back. */
export interface Receipts {
  sign(receipt: Receipt): Promise<string>
  /** Undefined for anything that none of the keys signed. */
  verify(text: string): Promise<Receipt | undefined>
}

/** RFC 7518: an HS256 key is at least as long as the hash. */
export const minReceiptKeyBytes = 32

/** The first key signs, all verify: to change keys, put the new one first and keep the old one. */
export async function createReceipts(keys: readonly ReceiptKey[]): Promise<Receipts> {
  const imported = new Map<string, CryptoKey>()
  for (const { kid, secret } of keys) {
    if (secret.byteLength < minReceiptKeyBytes) {
      throw new RangeError(
        `receipt key ${kid} has ${secret.byteLength} bytes; at least ${minReceiptKeyBytes} are needed`,
      )
    }
    if (imported.has(kid)) throw new RangeError(`two receipt keys are named ${kid}`)
    imported.set(kid, await importKey(secret))
  }
  const [signing] = keys
  if (!signing) throw new RangeError('no receipt key is set; at least one is needed')
  const { kid } = signing
  const signingKey = imported.get(kid)!
  return {
    sign: (receipt) =>
      new CompactSign(encode(receipt)).setProtectedHeader({ alg: algorithm, kid }).sign(signingKey),
    verify: async (text) => {
      try {
        const { payload } = await compactVerify(text, (header) => findKey(imported, header.kid), {
          algorithms: [algorithm],
        })
        return decode(payload)
      } catch {
        return undefined
      }
    },
  }
}

const algorithm = 'HS256'

function importKey(secret: Uint8Array): Promise<CryptoKey> {
  const bytes = new Uint8Array(secret)
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  return crypto.subtle.importKey('raw', bytes, hmac, false, ['sign', 'verify'])
}

function findKey(keys: ReadonlyMap<string, CryptoKey>, kid: string | undefined): CryptoKey {
  const key = kid === undefined ? undefined : keys.get(kid)
  if (!key) throw new Error('no such key')
  return key
}

/**
 * `[1, job, tenant, logId, acceptedAtMs, [shard, first, last - first, operations, …], retryOf?]`: some
 * 20 bytes a shard, so that the receipt of a job on many shards still fits where URLs go.
 */
type EncodedReceipt = [1, string, string, string, number, number[], string?]

function encode(receipt: Receipt): Uint8Array {
  const { job, tenant, logId, acceptedAtMs, retryOf } = receipt
  const shards = receipt.shards.flatMap(({ shard, first, last, operations }) => [
    shard,
    first,
    last - first,
    operations,
  ])
  const encoded: EncodedReceipt = [1, job, tenant, logId, acceptedAtMs, shards]
  if (retryOf !== undefined) encoded.push(retryOf)
  return new TextEncoder().encode(JSON.stringify(encoded))
}

/** What is decoded here was signed by one of the keys, so its shape needs no check. */
function decode(payload: Uint8Array): Receipt | undefined {
  const encoded: EncodedReceipt = JSON.parse(new TextDecoder().decode(payload))
  const [version, job, tenant, logId, acceptedAtMs, numbers, retryOf] = encoded
  if (version !== 1) return undefined
  const shards: ReceiptShard[] = []
  for (let i = 0; i < numbers.length; i += 4) {
    const [shard, first, distance, operations] = numbers.slice(i, i + 4) as [
      number,
      number,
      number,
      number,
    ]
    shards.push({
      shard: shardId(shard),
      first: offset(first),
      last: offset(first + distance),
      operations,
    })
  }
  return { job, tenant, logId, acceptedAtMs, ...(retryOf !== undefined && { retryOf }), shards }
}
