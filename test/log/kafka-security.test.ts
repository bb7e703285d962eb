import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { rootCertificates } from 'node:tls'
import {
  AclOperations,
  AclPermissionTypes,
  Admin,
  ResourcePatternTypes,
  ResourceTypes,
} from '@platformatic/kafka'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { LogError } from '../../core/log.ts'
import { openKafkaLog } from '../../log/kafka-log.ts'
import type { KafkaSecurity } from '../../log/kafka-options.ts'
import { createKafkaTopics } from '../../log/kafka-topics.ts'
import { openPlatformaticClient } from '../../log/platformatic-client.ts'
import { worldPartitions } from '../contract/log.ts'
import type { KafkaClientName } from './open-log.ts'
import { runFile } from './other-process.ts'
import { type SecureBroker, startSecureBroker, user, userPassword } from './secure-broker.ts'

const startTimeoutMs = 120_000
/** A client that can't get in says so before its user looks for another cause. */
const refusalMs = 15_000
const patient = { timeout: 20_000, interval: 200 }
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

describe('access rules', () => {
  const principal = `User:${user}`
  const { DENY, ALLOW } = AclPermissionTypes
  const { DELETE, DESCRIBE, DESCRIBE_CONFIGS, READ, WRITE } = AclOperations
  const everywhere = { resourcePatternType: ResourcePatternTypes.LITERAL, host: '*', principal }
  const cluster = { resourceType: ResourceTypes.CLUSTER, resourceName: 'kafka-cluster' }
  let admin: Admin
  beforeAll(() => {
    admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker.plaintext] })
  })
  afterAll(() => admin.close())

  /** New topics that the user may write and read. */
  async function topics() {
    const topicPrefix = `rules-${crypto.randomUUID()}`
    const options = { topicPrefix, partitions: worldPartitions }
    await createKafkaTopics({ ...options, brokers: [broker.plaintext] })
    const writes = { resourceType: ResourceTypes.TOPIC, resourceName: `${topicPrefix}.writes` }
    const allowed = [READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS].map((operation) => ({
      ...{ ...everywhere, ...writes, operation, permissionType: ALLOW },
    }))
    await admin.createAcls({ creations: allowed })
    const security = { tls: tls(), sasl: sasl('SCRAM-SHA-512') }
    return { writes, options: { ...options, brokers: [broker.saslTls], security } }
  }

  const message = { shard: 0 as never, bytes: new Uint8Array(1), headers: {} }

  test('a user who may neither see the brokers’ disks nor delete writes and reads, and is told', async () => {
    const { writes, options } = await topics()
    const denied = [
      { ...cluster, operation: DESCRIBE },
      { ...writes, operation: DELETE },
    ].map((one) => ({ ...everywhere, ...one, permissionType: DENY }))
    await admin.createAcls({ creations: denied })
    const warnings: string[] = []
    const warn = (line: string) => warnings.push(line)
    const log = await openKafkaLog({ ...options, warn }, openPlatformaticClient)
    expect(await log.publish([message])).toEqual([0])
    expect(warnings).toContainEqual(
      expect.stringMatching(/allow their user to DESCRIBE the cluster/),
    )
    expect(await log.headroom()).toBeUndefined()
    await expect(log.trim(0 as never, 1 as never)).rejects.toThrow(
      `${writes.resourceName}: allow it DELETE`,
    )
    await log.close()
  })

  test('a topic that may not be seen for a while is waited for, and taken for no other', async () => {
    const { writes, options } = await topics()
    const log = await openKafkaLog(options, openPlatformaticClient)
    expect(await log.publish([message])).toEqual([0])
    const hidden = { ...everywhere, ...writes, operation: DESCRIBE, permissionType: DENY }
    await admin.createAcls({ creations: [hidden] })
    await expect
      .poll(() => log.ping().catch((error: LogError) => [error.code, error.message]), patient)
      .toEqual(['unreachable', expect.stringContaining('TOPIC_AUTHORIZATION_FAILED')])
    await admin.deleteAcls({
      filters: [
        {
          ...{ resourceType: writes.resourceType, resourceName: writes.resourceName },
          ...{ resourcePatternType: everywhere.resourcePatternType, principal, host: '*' },
          ...{ operation: DESCRIBE, permissionType: DENY },
        },
      ],
    })
    await expect.poll(() => log.publish([message]).catch(() => undefined), patient).toEqual([1])
    await log.close()
  })
})
