import type { Difference } from '../../../demo/compare.ts'
import { queryMysql } from '../../e2e/local-deployment.ts'
import type { Fault } from '../fault.ts'
import { LogOrder } from '../log-order.ts'
import type { Random } from '../random.ts'
import type { FaultWorld } from '../world.ts'
import type { WriteOperation } from '../write-operation.ts'

const clients = 4
const operationsPerRequest = 500
const requests = 200
const requestsInTests = 20
const keys = 1000
const users = 64
const settleLimitMs = 120_000

export const hotKeys: Fault = {
  name: 'hot-keys',
  what: '100,000 versioned upserts and deletes on 1,000 keys from several clients, a worker killed amid them: log order stands',
  count: 1,
  inTests: { tries: 1 },
  stage: { load: false, config: { revisions: true } },
  async attempt(world) {
    const { random, load, workers } = world
    const each = (world.isHurried ? requestsInTests : requests) / clients
    const sent = Promise.all(
      Array.from({ length: clients }, () => write(world, random.fork(), each)),
    )
    await world.movesOn()
    const victim = random.pick(workers)
    await victim.process.kill()
    world.forget(victim)
    await world.startWorker('bun')
    const jobs = (await sent).flat()
    const order = new LogOrder(jobs, world.deployment.databases.length)
    load.jobs.push(...jobs.map((job, i) => ({ ...job, expected: order.failures[i]! })))
    await load.settled(settleLimitMs)
    world.differences.push(...(await differencesOf(world, order)))
  },
}

interface SentJob {
  readonly job: string
  readonly receipt: string
  readonly operations: readonly WriteOperation[]
}

async function write({ load }: FaultWorld, random: Random, count: number): Promise<SentJob[]> {
  const jobs: SentJob[] = []
  for (let i = 0; i < count; i++) {
    const operations = Array.from({ length: operationsPerRequest }, () => operation(random, i))
    const sent = await load.client.send(operations, new AbortController().signal)
    jobs.push({ ...sent!, operations })
  }
  return jobs
}

/** Versions grow with time, and some come too late. */
function operation(random: Random, time: number): WriteOperation {
  const id = random.between(1, keys)
  const object = {
    id: String(id),
    userId: String((id % users) + 1),
    revision: 10 * time + random.between(0, 30),
  }
  if (random.next() < 0.2) return { type: 'revision', op: 'delete', object }
  const text = `text ${random.between(1, 1e9)}`
  return { type: 'revision', op: 'upsert', object: { ...object, text } }
}

async function differencesOf({ deployment }: FaultWorld, order: LogOrder): Promise<Difference[]> {
  const expected = new Map(order.rows)
  const differences: Difference[] = []
  for (const url of deployment.shardUrls) {
    for (const { id, revision, text } of await queryMysql(url, 'SELECT * FROM revisions')) {
      const row = expected.get(String(id))
      expected.delete(String(id))
      if (row?.revision === Number(revision) && row.text === text) continue
      const what = `revision ${id} is ${revision} ${text}, not ${row?.revision} ${row?.text}`
      differences.push({ kind: 'wrong', what })
    }
  }
  for (const id of expected.keys()) differences.push({ kind: 'lost', what: `revision ${id}` })
  return differences
}
