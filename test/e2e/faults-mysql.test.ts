import { expect, test } from 'vitest'
import { Deployment } from './deployment.ts'
import { get, post } from './http.ts'
import { createUser } from './operations.ts'
import { ownMysql } from './own-servers.ts'
import { Workload } from './workload.ts'

const server = ownMysql()
const patient = { timeout: 20_000, interval: 100 }

test('MySQL down at start: writes are accepted, what is missing is named, and all is applied later', {
  timeout: 90_000,
}, async () => {
  const mysql = server()
  const deployment = new Deployment({ mysqlUrl: mysql.url, shards: 1 })
  await deployment.migrate()
  await mysql.kill('SIGKILL')
  const refused = `shard 0 (${new URL(mysql.url).host}/${deployment.databases[0]}): the connection failed (ECONNREFUSED)`

  const migration = deployment.start('migrate')
  expect(await migration.ended).toBe(1)
  expect(migration.output).toMatch(
    /^migrate: shard 0 .*: the connection failed \(ECONNREFUSED\)\n$/,
  )

  const api = await deployment.startApi()
  expect((await get(`${api.url}/readyz`)).status).toBe(200)
  const written = await post(`${api.url}/v1/writes`, { operations: [createUser('1')] })
  expect(written.status).toBe(202)
  const job = `${api.url}/v1/jobs/${written.body.receipt}`
  expect((await get(job)).body).toMatchObject({
    state: 'running',
    unknown: 1,
    shards: [{ shard: 0, error: `the shard can't be read: ${refused}` }],
  })
  const failures = await get(`${job}/failures`)
  expect(failures.status).toBe(503)
  expect(failures.contentType).toBe('application/problem+json')
  expect(failures.body.detail).toBe(
    `The failures can't be listed: the shard can't be read: ${refused}.`,
  )

  const worker = await deployment.startWorker()
  expect(worker.process.output).toContain(`${refused}; going on without it, and trying again\n`)
  await expect
    .poll(() => get(`${worker.url}/readyz`), patient)
    .toMatchObject({
      status: 503,
      body: { shards: [{ shard: 0, reason: 'backing_off', detail: refused }] },
    })

  await mysql.restart()
  await expect.poll(async () => (await get(job)).body.state, patient).toBe('done')
  expect((await get(`${worker.url}/readyz`)).status).toBe(200)
})

test('MySQL down in flight: writes are accepted meanwhile, nothing is lost or doubled', {
  timeout: 90_000,
}, async () => {
  const mysql = server()
  const deployment = new Deployment({
    mysqlUrl: mysql.url,
    statementsPerSecond: 20,
    config: { rowsPerStatement: 25 },
  })
  await deployment.migrate()
  const api = await deployment.startApi()
  const worker = await deployment.startWorker()
  const workload = new Workload(deployment, api, 1000)

  const sent = workload.send()
  await workload.isUnderWay()
  await mysql.kill('SIGKILL')
  await sent
  await expect
    .poll(() => get(`${worker.url}/readyz`), patient)
    .toMatchObject({
      status: 503,
      body: {
        shards: expect.arrayContaining([
          expect.objectContaining({ detail: expect.stringContaining('the connection failed') }),
        ]),
      },
    })
  expect(await get(`${worker.url}/healthz`)).toMatchObject({ status: 200 })

  await mysql.restart()
  await workload.check()
  expect((await get(`${worker.url}/readyz`)).status).toBe(200)
})
