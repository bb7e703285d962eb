import { randomBytes } from 'node:crypto'
import { Admin } from '@platformatic/kafka'
import { expect, inject, onTestFinished, test } from 'vitest'
import type { DemoOperation } from '../../demo/script.ts'
import { Deployment } from './deployment.ts'
import { createPin, createUser } from './operations.ts'

const loweredBytes = 20_000
const usualBytes = 2 * 1024 * 1024
const topicResource = 2

/** A pin of about 100 kB that no compression makes much smaller. */
function largePin(id: string): DemoOperation {
  const pin = createPin(id, '1')
  return { ...pin, object: { ...pin.object, metadata: randomBytes(75_000).toString('base64') } }
}

test.each(['confluent', 'platformatic'])(
  "Kafka's message limit lowered under a running system on %s: what is too large is refused, the rest goes on",
  { timeout: 90_000 },
  async (client) => {
    const brokers = inject('kafkaBrokers')
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: brokers, retries: 5 })
    onTestFinished(() => admin.close())
    const env = { SLUICE_KAFKA_CLIENT: client }
    const deployment = new Deployment({ kafkaBrokers: brokers, env })
    const limit = async (bytes: number) => {
      const name = 'max.message.bytes'
      const configs = [{ name, value: String(bytes), configOperation: 0 } as const]
      const resourceName = `${deployment.prefix}.writes`
      await admin.incrementalAlterConfigs({
        resources: [{ resourceType: topicResource, resourceName, configs }],
      })
    }
    await deployment.migrate()
    const [api] = await Promise.all([deployment.startApi(), deployment.startWorker()])
    await api.applied([createUser('1'), largePin('1')])

    await limit(loweredBytes)
    const small = Array.from({ length: 20 }, (_, n) => api.applied([createPin(`2${n}`, '1')]))
    const [large, both] = await Promise.all([
      api.write([largePin('3')]),
      api.write([largePin('4'), createUser('4')]),
    ])
    for (const { status, body } of [large, both]) {
      expect(status).toBe(503)
      expect(body).toMatchObject({
        type: 'urn:sluice:problem:log-unavailable',
        outcome: expect.stringMatching(/^(none|unknown)$/),
      })
    }
    // Those who run it are told why.
    expect(api.process.output).toContain("above the topic's limit: raise its max.message.bytes")
    for (const job of await Promise.all(small)) expect(job).toMatchObject({ state: 'done' })

    await limit(usualBytes)
    // Neither is there yet: what was refused was refused whole.
    const again = await api.applied([largePin('3'), largePin('4')])
    expect(again).toMatchObject({ state: 'done', applied: 2 })
  },
)
