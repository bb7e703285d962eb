import { Admin } from '@platformatic/kafka'
import { describe, expect, inject, test } from 'vitest'
import type { Service } from './commands.ts'
import { Deployment } from './deployment.ts'
import { get } from './http.ts'
import { createPin, createUser } from './operations.ts'

// A process that was started for another deployment than it finds: it stops with the reason, and
// nothing is written.

const patient = { timeout: 20_000, interval: 100 }
const timeout = 90_000

/** Starts a part that can't go on; resolves with what it said. */
async function refusal(
  deployment: Deployment,
  service: Service,
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  const started = deployment.start(service, 'node', env)
  expect(await started.ended).toBe(1)
  return started.output
}

/** A deployment with an operation for each shard that no worker has applied yet. */
async function withBacklog(deployment: Deployment) {
  await deployment.migrate()
  const api = await deployment.startApi()
  const users = ['1', '2', '3', '4', '5', '6']
  const { status, body } = await api.write(users.map(createUser))
  expect(status).toBe(202)
  return { api, receipt: String(body.receipt), users }
}

async function rowsOf(deployment: Deployment): Promise<unknown[]> {
  const shards = deployment.databases.map((_, shard) =>
    deployment.query(shard, 'SELECT id FROM users UNION SELECT operation FROM sluice_failures'),
  )
  return (await Promise.all(shards)).flat()
}

describe.each([
  ['the embedded log', () => new Deployment()],
  ['Kafka', () => new Deployment({ kafkaBrokers: inject('kafkaBrokers') })],
])('on %s', (_, create) => {
  test('before migration API and worker stop and name the command', { timeout }, async () => {
    const deployment = create()
    for (const output of await Promise.all([
      refusal(deployment, 'api'),
      refusal(deployment, 'worker'),
    ])) {
      expect(output).toMatch(
        /^(api|worker): (No log is at \S+log.sqlite|The topic \S+\.writes is missing): run `npm run migrate`$/m,
      )
    }
    // The log is made before the shards: here it is there, and they are not.
    await refusal(deployment, 'migrate', { SLUICE_MYSQL_URL: 'mysql://nobody:no@127.0.0.1:1' })
    expect(await refusal(deployment, 'worker')).toMatch(
      /^worker: shard 0 \(\S+\): .*database e2e-\w+_0\): .*; run npm run migrate/m,
    )
  })

  test('swapped shard URLs', { timeout }, async () => {
    const deployment = create()
    const { api, receipt } = await withBacklog(deployment)
    const swapped = deployment.writeConfig({ databases: deployment.databases.toReversed() })
    const expected =
      /^(worker|migrate): shard (\d) \(\S+_(\d)\) is another database than the config says: expected shard \2, found shard \3\. Put the config's URLs/m
    const outputs = await Promise.all([
      refusal(deployment, 'worker', { SLUICE_CONFIG: swapped }),
      refusal(deployment, 'migrate', { SLUICE_CONFIG: swapped }),
    ])
    for (const output of outputs) expect(output).toMatch(expected)
    expect(await rowsOf(deployment)).toEqual([])

    await deployment.startWorker()
    expect(await api.settled(receipt)).toMatchObject({ state: 'done', applied: 6 })
  })

  test('another number of shards', { timeout }, async () => {
    const deployment = create()
    await deployment.migrate()
    const { databases } = deployment
    const third = `${deployment.prefix}_2`
    const more = deployment.writeConfig({ databases: [...databases, third] })
    const services = ['api', 'worker', 'migrate'] as const
    await Promise.all(
      services.map(async (service) => {
        const output = await refusal(deployment, service, { SLUICE_CONFIG: more })
        expect(output).toMatch(
          new RegExp(
            `^${service}: The (log at \\S+ was made for 2 shards, the config has 3|topic \\S+ has 2 partitions, expected 3, one per shard): the number of shards of a log never changes; use its number, or another`,
          ),
        )
      }),
    )
    expect(await deployment.query(0, `SHOW DATABASES LIKE '${third}'`)).toEqual([])
  })

  test('the databases of another deployment', { timeout }, async () => {
    const deployment = create()
    const others = create()
    await Promise.all([deployment.migrate(), others.migrate()])
    const theirs = others.writeConfig({ databases: others.databases })
    const env = { SLUICE_CONFIG: theirs }
    const outputs = await Promise.all([
      refusal(deployment, 'worker', env),
      refusal(deployment, 'migrate', env),
    ])
    for (const output of outputs) {
      expect(output).toMatch(
        new RegExp(
          `is another database than the config says: expected cluster ${deployment.prefix}, found cluster ${others.prefix}\\. Put .* SLUICE_TOPIC_PREFIX`,
        ),
      )
    }
    const topics = await others.query(0, 'SELECT topic FROM sluice_offsets')
    expect(topics).toEqual([{ topic: `${others.prefix}.writes` }])
  })
})

test('the data folder of another deployment', { timeout }, async () => {
  const deployment = new Deployment()
  const others = new Deployment()
  await Promise.all([deployment.migrate(), others.migrate()])
  const env = { SLUICE_DATA_DIR: others.folder }
  const services = ['api', 'worker', 'migrate'] as const
  await Promise.all(
    services.map(async (service) => {
      expect(await refusal(deployment, service, env)).toBe(
        `${service}: the log in the data folder ${others.folder} is ${others.prefix}.writes, expected ${deployment.prefix}.writes: it belongs to another deployment. Set SLUICE_DATA_DIR or SLUICE_TOPIC_PREFIX back\n`,
      )
    }),
  )
})

test('an embedded log made anew under databases that know the old one', { timeout }, async () => {
  const deployment = new Deployment()
  const { receipt } = await withBacklog(deployment)
  const empty = new Deployment({ env: { SLUICE_TOPIC_PREFIX: deployment.prefix } })
  await empty.migrate()
  const env = { SLUICE_DATA_DIR: empty.folder }
  const outputs = await Promise.all([
    refusal(deployment, 'worker', env),
    refusal(deployment, 'migrate', env),
  ])
  for (const output of outputs) {
    expect(output).toMatch(
      /shard \d \(\S+\) stands at offset 0 of log \S+, but \S+\.writes is log \S+: it was deleted and made anew, or is another cluster's\. Bring the old log back; or, /,
    )
  }
  expect(await rowsOf(deployment)).toEqual([])

  // The jobs of the old log are not told as if they were the new one's.
  const api = await deployment.startApi('node', {
    ...env,
    SLUICE_RECEIPT_KEYS: `${deployment.folder}/receipt-keys.json`,
  })
  expect(await api.job(receipt)).toMatchObject({ state: 'queued' })
})

test('a second worker on the embedded log is refused, and told who holds it', {
  timeout,
}, async () => {
  const deployment = new Deployment()
  await deployment.migrate()
  const worker = await deployment.startWorker()
  expect(await refusal(deployment, 'worker')).toMatch(
    new RegExp(
      `^worker: The log at \\S+ has a worker already: \\S+/${worker.process.pid}/node\\. The embedded log takes one: stop it first, or`,
    ),
  )
  expect((await get(`${worker.url}/readyz`)).status).toBe(200)
  await worker.process.kill()
  await deployment.startWorker()
})

test('a topic that is deleted and made anew stops its shards, and whoever starts', {
  timeout,
}, async () => {
  const deployment = new Deployment({ kafkaBrokers: inject('kafkaBrokers') })
  await deployment.migrate()
  const [api, worker] = await Promise.all([deployment.startApi(), deployment.startWorker()])
  await api.applied([createUser('1'), createPin('1', '1')])

  const { prefix } = deployment
  const admin = new Admin({
    clientId: 'test',
    bootstrapBrokers: inject('kafkaBrokers'),
    retries: 5,
  })
  const topics = ['writes', 'control', 'status'].map((name) => `${prefix}.${name}`)
  await admin.deleteTopics({ topics })
  await admin.close()
  const recreated = new RegExp(
    `shard \\d \\(\\S+\\) stands at offset \\d+ of log \\S+, but ${prefix}.writes is log \\S+: it was deleted and made anew`,
  )
  expect(await refusal(deployment, 'migrate')).toMatch(recreated)

  const gone = {
    code: 'recreated',
    detail: expect.stringMatching(/was deleted.*npm run migrate, then start this process again/),
  }
  await expect
    .poll(() => get(`${api.url}/readyz`), patient)
    .toMatchObject({ status: 503, body: gone })
  await expect
    .poll(() => get(`${worker.url}/readyz`), patient)
    .toMatchObject({ status: 503, body: { log: gone, shards: [{ reason: 'stopped' }, {}] } })
  for (const shard of [0, 1]) {
    await expect
      .poll(() => worker.process.output, patient)
      .toContain(`ALERT shard_stopped_log_recreated on shard ${shard}: `)
  }
  expect(await api.write([createUser('2')])).toMatchObject({
    status: 503,
    contentType: 'application/problem+json',
    body: { outcome: 'none' },
  })
  expect(await refusal(deployment, 'worker')).toMatch(recreated)
  expect(await deployment.query(1, 'SELECT id FROM users UNION SELECT id FROM pins')).toHaveLength(
    1,
  )
})
