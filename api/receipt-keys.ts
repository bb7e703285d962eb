import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { keyEntries } from './key-file.ts'
import type { ReceiptKey } from './receipts.ts'
import { minReceiptKeyBytes } from './receipts.ts'

/** The keys in a file. Rejects with an Error for people, which never holds a secret. */
export async function readReceiptKeys(path: string): Promise<ReceiptKey[]> {
  return parseReceiptKeys(await readFile(path, 'utf8'))
}

/** As `readReceiptKeys`, but a file that is not there is made, with one new key. */
export async function readOrMakeReceiptKeys(path: string): Promise<ReceiptKey[]> {
  if (!existsSync(path)) await makeReceiptKeys(path)
  return readReceiptKeys(path)
}

async function makeReceiptKeys(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const made = `${path}.${randomUUID()}`
  const secret = randomBytes(minReceiptKeyBytes).toString('base64')
  await writeFile(made, `${JSON.stringify([{ kid: '1', secret }])}\n`, { mode: 0o600 })
  // A link never replaces what is there, and shows a whole file: of several processes that start at
  // one time, all use the first one's key.
  await link(made, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await rm(made)
}

const receiptKeyFile = {
  name: 'receipt key file',
  entry: '{"kid": "1", "secret": "<base64 of 32 random bytes>"}',
}

/** The first key signs, all verify. Throws an Error that names the entry, never its secret. */
export function parseReceiptKeys(text: string): ReceiptKey[] {
  return keyEntries(text, receiptKeyFile).map(({ entry: { kid, secret }, fail }) => {
    if (typeof kid !== 'string' || kid === '') return fail('needs a kid, a name of its own')
    if (typeof secret !== 'string' || !isBase64(secret)) return fail('needs a secret in base64')
    return { kid, secret: Uint8Array.from(Buffer.from(secret, 'base64')) }
  })
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text)
}
