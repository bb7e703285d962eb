import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApi } from '../../api/start.ts'
import { loadConfig } from '../../config/load.ts'
import { readSettings } from '../../config/settings.ts'
import { serveOnNode } from '../../runtime/serve-node.ts'
import { createLog } from '../../wiring/open-log.ts'
import { keyHash } from './keys.ts'
import { answerOf } from './test-api.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-api-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Starts an API on an embedded log of its own, without any shard's URL. */
async function start(name: string, variables: Record<string, string> = {}, makesLog = true) {
  const dataDir = join(folder, name)
  const settings = readSettings({ SLUICE_DATA_DIR: dataDir, SLUICE_PORT: '0', ...variables })
  const config = await loadConfig(settings)
  if (makesLog) await createLog(settings, config.shards.count)
  return startApi(settings, config, 'test', serveOnNode)
}

const body = JSON.stringify({
  type: 'pin',
  op: 'delete',
  objects: [
    { id: '1', userId: '7' },
    { id: 2, userId: 7 },
  ],
})
const post = (url: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/writes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })

test('an API takes writes without knowing the shards, and its receipts outlive it', async () => {
  const api = await start('plain')
  const response = await post(api.url)
  expect(response.status).toBe(202)
  const { receipt } = await answerOf(response)
  const ready = await (await fetch(`${api.url}/readyz`)).json()
  expect(ready).toMatchObject({ status: 'ready', shards: 8, jobResults: false })
  await api.stop()
  await expect(fetch(`${api.url}/healthz`)).rejects.toThrow()

  const next = await start('plain')
  // Known, though not answerable without the shards: a receipt of others would be a 404.
  expect((await fetch(`${next.url}/v1/jobs/${receipt}`)).status).toBe(501)
  const { backlogMessages } = (await (await fetch(`${next.url}/v1/shards/2`)).json()) as {
    backlogMessages: number
  }
  expect(backlogMessages).toBe(1)
  await next.stop()
})

test('without API keys nothing but this machine is listened to', async () => {
  const refused = start('open', { SLUICE_HOST: '0.0.0.0' })
  await expect(refused).rejects.toThrow(
    'SLUICE_HOST is 0.0.0.0, which other machines may reach, and no SLUICE_API_KEYS are set',
  )
})

test('with API keys any address may be listened on, by those who have one', async () => {
  const file = join(folder, 'keys.json')
  const key = { hash: keyHash('k'), tenant: 'feed', role: 'writer' }
  await writeFile(file, JSON.stringify([key]))
  const api = await start('keys', { SLUICE_HOST: '0.0.0.0', SLUICE_API_KEYS: file })
  expect((await post(api.url)).status).toBe(401)
  expect((await post(api.url, { authorization: 'Bearer k' })).status).toBe(202)
  await api.stop()
})

test('a file of API keys that cannot be used stops the start, and is named', async () => {
  const file = join(folder, 'broken.json')
  await writeFile(file, '[]')
  const refused = start('broken', { SLUICE_API_KEYS: file })
  await expect(refused).rejects.toThrow(
    `SLUICE_API_KEYS is ${file}: the API key file has no key; expected is a JSON list`,
  )
})

const receiptKey = (kid: string, bytes: number) => ({
  kid,
  secret: Buffer.alloc(bytes, 5).toString('base64'),
})

test.each([
  ['no JSON', '{', 'the receipt key file is not JSON'],
  ['a short key', JSON.stringify([receiptKey('a', 31)]), 'receipt key a has 31 bytes'],
  ['a kid twice', JSON.stringify([receiptKey('a', 32), receiptKey('a', 33)]), 'two receipt keys'],
])('a file of receipt keys with %s stops the start, and is named', async (_, text, message) => {
  const set = join(folder, 'receipt-keys.json')
  await writeFile(set, text)
  const refused = start('receipts', { SLUICE_RECEIPT_KEYS: set })
  await expect(refused).rejects.toThrow(`SLUICE_RECEIPT_KEYS is ${set}: ${message}`)
  const made = join(folder, 'own', 'receipt-keys.json')
  await mkdir(join(folder, 'own'), { recursive: true })
  await writeFile(made, text)
  await expect(start('own')).rejects.toThrow(`${made}: ${message}`)
})

test('a certificate or password of Kafka that can not be read is named by its variable', async () => {
  const away = join(folder, 'away')
  const kafka = { SLUICE_KAFKA_BROKERS: '127.0.0.1:1', SLUICE_KAFKA_CLIENT: 'platformatic' }
  const login = { SLUICE_KAFKA_SASL_MECHANISM: 'PLAIN', SLUICE_KAFKA_SASL_USERNAME: 'u' }
  for (const [variable, others] of [
    ['SLUICE_KAFKA_TLS_CA', {}],
    ['SLUICE_KAFKA_SASL_PASSWORD_FILE', login],
  ] as const) {
    const refused = start('secure', { ...kafka, ...others, [variable]: away })
    await expect(refused).rejects.toThrow(`${variable} is ${away}: ENOENT`)
  }
})

test('a log that was not made stops the start, and the command is named', async () => {
  await expect(start('bare', {}, false)).rejects.toThrow('npm run migrate')
})
