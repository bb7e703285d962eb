import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, inject, test } from 'vitest'
import { Deployment } from './deployment.ts'
import { createUser } from './operations.ts'

test('a Node on which the client confluent does not load says so and what to do, and runs the other', {
  timeout: 60_000,
}, async () => {
  const deployment = new Deployment({ kafkaBrokers: inject('kafkaBrokers') })
  await deployment.migrate()
  const hook = resolve(deployment.folder, 'no-addon.cjs')
  writeFileSync(hook, "process.dlopen = () => { throw new Error('no addon here') }")
  const env = { NODE_OPTIONS: `--require ${hook}` }
  for (const service of ['api', 'worker'] as const) {
    const started = deployment.start(service, 'node', env)
    expect(await started.ended).toBe(1)
    expect(started.output).toMatch(
      new RegExp(
        `^${service}: The Kafka client confluent does not load on Node v\\S+ \\(no addon here\\)\\. Run \`npm run kafka-client\`, which gets or builds its native part, or set SLUICE_KAFKA_CLIENT to platformatic\n$`,
      ),
    )
  }
  const other = { ...env, SLUICE_KAFKA_CLIENT: 'platformatic' }
  const [api] = await Promise.all([
    deployment.startApi('node', other),
    deployment.startWorker('node', other),
  ])
  expect(await api.applied([createUser('1')])).toMatchObject({ state: 'done', applied: 1 })
})

test.each(['deno', 'bun'] as const)(
  'on %s the client confluent is refused, by name',
  async (runtime) => {
    const deployment = new Deployment({ kafkaBrokers: inject('kafkaBrokers') })
    const api = deployment.start('api', runtime, { SLUICE_KAFKA_CLIENT: 'confluent' })
    expect(await api.ended).toBe(1)
    expect(api.output).toBe(
      'api: SLUICE_KAFKA_CLIENT is confluent, which runs on Node alone: run this on Node, or set SLUICE_KAFKA_CLIENT to platformatic\n',
    )
  },
)
