import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { rootCertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { KafkaSecurity } from '../../log/kafka-options.ts'
import { worldPartitions } from '../contract/log.ts'
import type { KafkaClientName } from './open-log.ts'
import { runFile } from './other-process.ts'
import { type SecureBroker, startSecureBroker, user, userPassword } from './secure-broker.ts'

const startTimeoutMs = 120_000
/** A client that can't get in says so before its user looks for another cause. */
const refusalMs = 15_000
let broker: SecureBroker

beforeAll(async () => {
  broker = await startSecureBroker(inject('dataDir'))
}, startTimeoutMs)
afterAll(() => broker?.stop())

type Runtime = 'node' | 'deno' | 'bun'

/** Uses a log over these brokers in a process of its own, and gives what it said. */
async function useLog(
  runtime: Runtime,
  client: KafkaClientName,
  address: string,
  security: KafkaSecurity,
): Promise<{ read?: string; error?: string; ms?: number }> {
  const options = {
    brokers: [address],
    topicPrefix: `secure-${crypto.randomUUID()}`,
    partitions: worldPartitions,
    security,
  }
  const file = new URL('./secure-process.ts', import.meta.url).pathname
  const child = runFile(`node_modules/.bin/${runtime}`, file, [client, JSON.stringify(options)])
  return JSON.parse((await text(child.stdout!)).trim().split('\n').at(-1)!)
}

const tls = () => ({ ca: readFileSync(broker.certificates.caFile, 'utf8') })
const sasl = (mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512', password = userPassword) => ({
  mechanism,
  username: user,
  password,
})
const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

describe.each([
  ['node', 'confluent'],
  ['node', 'platformatic'],
] as const)('on %s by %s', (runtime, client) => {
  test('TLS alone', async () => {
    expect(await useLog(runtime, client, broker.tls, { tls: tls() })).toEqual({ read: 'secret' })
  })

  test.each(mechanisms)('TLS and a password by %s', async (mechanism) => {
    const security = { tls: tls(), sasl: sasl(mechanism) }
    expect(await useLog(runtime, client, broker.saslTls, security)).toEqual({ read: 'secret' })
  })
})

// Whichever client it is, the brokers are first asked about the topics, in the same way.
describe('on node', () => {
  test.each(mechanisms)('a wrong password by %s is told as one', async (mechanism) => {
    const security = { tls: tls(), sasl: sasl(mechanism, 'wrong') }
    const { error, ms } = await useLog('node', 'confluent', broker.saslTls, security)
    expect(error).toMatch(
      /SASL authentication failed.*Check SLUICE_KAFKA_SASL_USERNAME, the password/,
    )
    expect(ms).toBeLessThan(refusalMs)
  })

  test('an authority that the brokers do not have is told as one', async () => {
    const security = { tls: { ca: rootCertificates[0]! } }
    const { error, ms } = await useLog('node', 'confluent', broker.tls, security)
    expect(error).toMatch(/certificate.*SLUICE_KAFKA_TLS_CA must name the authorities/)
    expect(ms).toBeLessThan(refusalMs)
  })

  test('no TLS where the brokers demand it', async () => {
    const { error, ms } = await useLog('node', 'confluent', broker.tls, {})
    expect(error).toMatch(/requires TLS\. Set SLUICE_KAFKA_TLS_CA/)
    expect(ms).toBeLessThan(refusalMs)
  })

  test('TLS where the brokers have none', async () => {
    const { error, ms } = await useLog('node', 'confluent', broker.plaintext, { tls: tls() })
    expect(error).toMatch(/TLS handshake failed.*unset SLUICE_KAFKA_TLS_CA/)
    expect(ms).toBeLessThan(refusalMs)
  })

  test('no password where the brokers demand one', async () => {
    const { error, ms } = await useLog('node', 'confluent', broker.saslTls, { tls: tls() })
    expect(error).toMatch(
      /Connection closed.*it may want a password: set SLUICE_KAFKA_SASL_MECHANISM/,
    )
    expect(ms).toBeLessThan(refusalMs)
  })
})

describe.each(['deno', 'bun'] as const)('on %s', (runtime) => {
  test('TLS and a password', async () => {
    const security = { tls: tls(), sasl: sasl('SCRAM-SHA-512') }
    const used = await useLog(runtime, 'platformatic', broker.saslTls, security)
    expect(used).toEqual({ read: 'secret' })
  })

  test('an authority that the brokers do not have is told as one', async () => {
    const security = { tls: { ca: rootCertificates[0]! } }
    const { error } = await useLog(runtime, 'platformatic', broker.tls, security)
    expect(error).toMatch(/SLUICE_KAFKA_TLS_CA must name the authorities/)
  })
})
