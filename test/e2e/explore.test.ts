import { createServer } from 'node:http'
import { Admin } from '@platformatic/kafka'
import { expect, inject, test } from 'vitest'
import { Deployment, queryMysql } from './deployment.ts'
import { get, post } from './http.ts'
import { createUser } from './operations.ts'

const log = (...x: unknown[]) => console.log(...x.map(y => typeof y === 'string' ? y : JSON.stringify(y, null, 1)))
async function tryAll(d: Deployment, env: NodeJS.ProcessEnv, ...which: ('api'|'worker'|'migrate')[]) {
  for (const s of which) {
    const p = d.start(s, 'node', env)
    const code = await Promise.race([p.ended, new Promise(r => setTimeout(r, 4000, 'RUNS'))])
    log(`## ${s}: ${code}\n${p.output}`)
    await p.kill()
  }
}
test.each([true, false])('mismatch kafka %s', async (kafka) => {
    const d = new Deployment(kafka ? { kafkaBrokers: inject('kafkaBrokers') } : {})
    log('### not migrated')
    await tryAll(d, {}, 'api', 'worker')
    const pr = d.start('migrate', 'node', {}, '--print'); await pr.ended; log('print', pr.output)
    const other = new Deployment(kafka ? { kafkaBrokers: inject('kafkaBrokers') } : {})
    // topics there, databases not
    const m = d.start('migrate', 'node', {SLUICE_MYSQL_URL: 'mysql://root:x@127.0.0.1:1'}); await m.ended; log(m.output)
    await tryAll(d, {}, 'worker')
    log(await d.migrate())
    log(await d.migrate())
    log((await d.migrate('node', '--print')).slice(0, 12000))
    await other.migrate()
    log('### swapped')
    const swapped = {SLUICE_CONFIG: d.writeConfig({databases: [...d.databases].reverse()})}
    await tryAll(d, swapped, 'worker', 'migrate')
    const api = await d.startApi('node', swapped)
    const w = await post(`${api.url}/v1/writes`, {operations: [createUser('1'), createUser('2'), createUser('3')]})
    log(await get(`${api.url}/v1/jobs/${w.body.receipt}`))
    log('### count')
    const count = {SLUICE_CONFIG: d.writeConfig({databases: [...d.databases, `${d.databases[0]}_x`]})}
    await tryAll(d, count, 'api', 'worker', 'migrate')
    log('### other prefix')
    await tryAll(d, {SLUICE_TOPIC_PREFIX: other.prefix}, 'api', 'worker', 'migrate')
    log('### other folder')
    await tryAll(d, {SLUICE_DATA_DIR: other.folder}, 'api', 'worker', 'migrate')
    if (!kafka) { log('### other folder and other prefix'); await tryAll(d, {SLUICE_DATA_DIR: other.folder, SLUICE_TOPIC_PREFIX: other.prefix}, 'api', 'worker', 'migrate') 
      const w1 = await d.startWorker(); log('### second worker'); await tryAll(d, {}, 'worker'); await w1.process.stop()
    }
    log('### no mysql url')
    await tryAll(d, {SLUICE_MYSQL_URL: undefined}, 'worker', 'migrate')
    const api2 = await d.startApi('node', {SLUICE_MYSQL_URL: undefined})
    log(await get(`${api2.url}/v1/jobs/${w.body.receipt}`))
    log('### port taken')
    await tryAll(d, {SLUICE_PORT: new URL(api2.url).port, SLUICE_WORKER_PORT: new URL(api2.url).port}, 'api', 'worker')
    for (const r of ['deno', 'bun'] as const) { const p = d.start('api', r, {SLUICE_PORT: new URL(api2.url).port}); log(r, await p.ended, p.output) }
    if (kafka) {
      log('### recreated')
      const worker = await d.startWorker()
      await expect.poll(() => get(`${worker.url}/readyz`), {timeout: 20000}).toMatchObject({status: 200, body: {shards: [{}, {}]}})
      const admin = new Admin({ clientId: 'test', bootstrapBrokers: inject('kafkaBrokers'), retries: 5 })
      await admin.deleteTopics({topics: ['writes', 'control', 'status'].map(x => `${d.prefix}.${x}`)})
      await admin.close()
      await tryAll(d, {}, 'api', 'worker', 'migrate')
      log('post', await post(`${api2.url}/v1/writes`, {operations: [createUser('1')]}))
      log(await get(`${api2.url}/readyz`))
      log(await get(`${worker.url}/readyz`))
      log(worker.process.output, api2.process.output)
      await tryAll(d, {}, 'api', 'worker')
    }
}, 180000)
