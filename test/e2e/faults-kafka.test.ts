import { expect, test } from 'vitest'
import { Deployment } from './deployment.ts'
import { get, post } from './http.ts'
import { createUser } from './operations.ts'
import { ownKafka } from './own-servers.ts'
import { Workload } from './workload.ts'

const server = ownKafka()
const patient = { timeout: 20_000, interval: 100 }

test('Kafka down at start: each process ends, and says where it looked and what to do', {
  timeout: 90_000,
}, async () => {
  const kafka = server()
  const deployment = new Deployment({ kafkaBrokers: kafka.brokers })
  await deployment.migrate()
  await kafka.kill('SIGKILL')
  const services = ['api', 'worker', 'migrate'] as const
  await Promise.all(
    services.map(async (service) => {
      const started = deployment.start(service)
      expect(await started.ended).toBe(1)
      const [address] = kafka.brokers
      expect(started.output).toBe(
        `${service}: Kafka at ${address} does not answer: Connection to ${address} failed (connect ECONNREFUSED ${address}). Start it, or set SLUICE_KAFKA_BROKERS to where it is\n`,
      )
    }),
  )
  await kafka.restart()
  const api = await deployment.startApi()
  expect((await get(`${api.url}/readyz`)).status).toBe(200)
})

test('Kafka down in flight: refused with what is known, ready again by itself, nothing lost', {
  timeout: 120_000,
}, async () => {
  const kafka = server()
  const deployment = new Deployment({
    kafkaBrokers: kafka.brokers,
    statementsPerSecond: 20,
    config: { rowsPerStatement: 25 },
  })
  await deployment.migrate()
  const api = await deployment.startApi()
  const worker = await deployment.startWorker()
  const workload = new Workload(deployment, api, 500)
  await workload.send()
  await workload.isUnderWay()
  await kafka.kill('SIGKILL')

  const unanswered = {
    code: 'unreachable',
    detail: expect.stringContaining(`Kafka at ${kafka.brokers[0]} does not answer`),
  }
  const write = { operations: [createUser('900001')] }
  const refused = post(`${api.url}/v1/writes`, write)
  expect(await get(`${api.url}/readyz`)).toMatchObject({
    status: 503,
    contentType: 'application/problem+json',
    body: { ...unanswered, title: 'The API is not ready' },
  })
  expect(await get(`${worker.url}/readyz`)).toMatchObject({
    status: 503,
    body: { status: 'not ready', log: unanswered },
  })
  expect(await refused).toEqual({
    status: 503,
    contentType: 'application/problem+json',
    isReplayed: false,
    retryAfter: '5',
    body: expect.objectContaining({
      type: 'urn:sluice:problem:log-unavailable',
      outcome: expect.stringMatching(/^(none|unknown)$/),
    }),
  })

  await kafka.restart()
  for (const { url } of [api, worker]) {
    await expect.poll(async () => (await get(`${url}/readyz`)).status, patient).toBe(200)
  }
  // Whether it was written is not known: after this it does not matter.
  await api.applied([{ type: 'user', op: 'delete', object: { id: '900001' } }])
  await workload.check()
})
