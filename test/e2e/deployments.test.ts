import { describe, expect, inject, test } from 'vitest'
import { Deployment } from './deployment.ts'
import { get } from './http.ts'
import { Workload } from './workload.ts'

const cities = 1500

function overKafka(): Deployment {
  return new Deployment({
    kafkaBrokers: inject('kafkaBrokers'),
    shards: 4,
    // Slow enough that a worker can be killed amid it.
    statementsPerSecond: 20,
    config: { rowsPerStatement: 25 },
  })
}

describe.each([
  ['deno', 'bun'],
  ['bun', 'deno'],
] as const)('API on %s, worker on %s, over Kafka', (apiRuntime, workerRuntime) => {
  test('a worker killed with -9 amid the stream loses and doubles nothing', {
    timeout: 90_000,
  }, async () => {
    const deployment = overKafka()
    await deployment.migrate(workerRuntime)
    const api = await deployment.startApi(apiRuntime)
    const worker = await deployment.startWorker(workerRuntime)
    const workload = new Workload(deployment, api, cities)

    const sent = workload.send()
    await workload.isUnderWay()
    await worker.process.kill()
    await sent
    const successor = await deployment.startWorker(workerRuntime)
    await workload.check()

    expect(await successor.process.stop()).toBe(0)
    expect(await api.process.stop()).toBe(0)
  })
})

describe('API and two workers on node, over Kafka', () => {
  test('the workers share the shards, and one takes over what the killed one had', {
    timeout: 90_000,
  }, async () => {
    const deployment = overKafka()
    await deployment.migrate()
    const api = await deployment.startApi()
    const workers = await Promise.all([deployment.startWorker(), deployment.startWorker()])
    const workload = new Workload(deployment, api, cities)

    await expect
      .poll(() => Promise.all(workers.map(shardsOf)), { timeout: 15_000 })
      .toSatisfy(([a, b]: number[][]) => a!.length === 2 && b!.length === 2)
    const sent = workload.send()
    await workload.isUnderWay()
    const [killed, survivor] = workers
    await killed!.process.kill()
    await sent
    await workload.check()

    expect(await shardsOf(survivor!)).toEqual([0, 1, 2, 3])
    expect(await survivor!.process.stop()).toBe(0)
    expect(await api.process.stop()).toBe(0)
  })
})

/** The shards that a worker runs, once it says that it is ready. */
async function shardsOf({ url }: { readonly url: string }): Promise<number[]> {
  const { status, body } = await get(`${url}/readyz`)
  if (status !== 200) return []
  return (body.shards as { shard: number }[]).map(({ shard }) => shard).sort()
}
