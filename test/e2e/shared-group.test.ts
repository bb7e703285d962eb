import { expect, inject, test } from 'vitest'
import { Deployment, type RunningWorker } from './deployment.ts'
import { get } from './http.ts'
import { Workload } from './workload.ts'

const patient = { timeout: 30_000, interval: 200 }

/** The shards that a worker runs, once it says that it is ready. */
async function shardsOf({ url }: RunningWorker): Promise<number[]> {
  const { status, body } = await get(`${url}/readyz`)
  if (status !== 200) return []
  return (body.shards as { shard: number }[]).map(({ shard }) => shard)
}

/** Waits until these workers, and no others, have each some of the six shards. */
async function share(...workers: RunningWorker[]): Promise<void> {
  await expect
    .poll(() => Promise.all(workers.map(shardsOf)), patient)
    .toSatisfy(
      (held: number[][]) =>
        held.every(({ length }) => length > 0) && held.flat().sort().join() === '0,1,2,3,4,5',
    )
}

test('workers on Node by one client and on Deno and Bun by another share one group, come and go, and apply each message once', {
  timeout: 120_000,
}, async () => {
  const deployment = new Deployment({
    kafkaBrokers: inject('kafkaBrokers'),
    shards: 6,
    // Slow enough that workers come and go amid it.
    statementsPerSecond: 40,
    config: { rowsPerStatement: 25 },
  })
  await deployment.migrate()
  const api = await deployment.startApi()
  const confluent = { SLUICE_KAFKA_CLIENT: 'confluent' }
  const node = await deployment.startWorker('node', confluent)
  const deno = await deployment.startWorker('deno')
  const bun = await deployment.startWorker('bun')
  await share(node, deno, bun)

  const workload = new Workload(deployment, api, 2000)
  const sent = workload.send()
  await workload.isUnderWay()
  await node.process.kill()
  expect(await bun.process.stop()).toBe(0)
  const nextNode = await deployment.startWorker('node', confluent)
  await share(nextNode, deno)
  await deno.process.kill()
  const nextBun = await deployment.startWorker('bun')
  await share(nextNode, nextBun)
  await sent
  await workload.check()

  expect(await nextNode.process.stop()).toBe(0)
  await share(nextBun)
  expect(await nextBun.process.stop()).toBe(0)
  expect(await api.process.stop()).toBe(0)
})
