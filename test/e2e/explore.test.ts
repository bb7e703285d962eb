import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { provideKafka } from '../../setup/kafka/provide.ts'
import { Deployment } from './deployment.ts'
import { get, post } from './http.ts'
import { createUser } from './operations.ts'

test('Kafka down', async () => {
    const dataDir = inject('dataDir')
    const instance = join(dataDir, 'test', `e2e-kafka-${process.pid}`)
    const kafka = await provideKafka({ dataDir, instance })
    const log = (...x: unknown[]) => console.log(...x.map(y => typeof y === 'string' ? y : JSON.stringify(y, null, 1)))
    try {
    const deployment = new Deployment({ kafkaBrokers: kafka.brokers })
    await deployment.migrate()
    const api = await deployment.startApi()
    const worker = await deployment.startWorker()
    await expect.poll(() => get(`${worker.url}/readyz`), {timeout: 20000}).toMatchObject({status: 200, body: {shards: [{}, {}]}})
    const a = await post(`${api.url}/v1/writes`, {operations: [createUser('1'), createUser('2')]})
    log(a)
    await kafka.kill('SIGKILL')
    let t = performance.now()
    const took = () => { const x = performance.now() - t; t = performance.now(); return `${Math.round(x)} ms` }
    log('post', await post(`${api.url}/v1/writes`, {operations: [createUser('3'), createUser('4')]}), took())
    log('readyz', await get(`${api.url}/readyz`), took())
    log('job', await get(`${api.url}/v1/jobs/${a.body.receipt}`), took())
    log('shards', await get(`${api.url}/v1/shards`), took())
    log('worker', await get(`${worker.url}/readyz`), took())
    log('WORKER', worker.process.output)
    log('API', api.process.output)
    for (const s of ['migrate', 'api', 'worker'] as const) { const m = deployment.start(s); log(s, await m.ended, m.output, took()) }
    log('worker', await get(`${worker.url}/readyz`), took())
    await kafka.restart()
    took()
    await expect.poll(() => get(`${worker.url}/readyz`), {timeout: 30000}).toMatchObject({status: 200, body: {shards: [{}, {}]}})
    log('worker ready again', took())
    await expect.poll(() => get(`${api.url}/readyz`), {timeout: 30000}).toMatchObject({status: 200})
    log('api ready again', took())
    const b = await post(`${api.url}/v1/writes`, {operations: [createUser('5')]})
    log(b, took())
    await expect.poll(async () => (await get(`${api.url}/v1/jobs/${b.body.receipt}`)).body.state, {timeout: 20000}).toBe('done')
    log('rows', await deployment.query(0, 'select id from users'), await deployment.query(1, 'select id from users'))
    log('WORKER', worker.process.output)
    log(await worker.process.stop(), await api.process.stop(), took())
    } finally { await kafka.stop(); rmSync(instance, {recursive: true, force: true}) }
}, 180000)
