import { expect, inject, test } from 'vitest'
import type { DemoOperation } from '../../demo/script.ts'
import { Deployment } from './deployment.ts'
import { post } from './http.ts'
import { createPin, createUser, incrementSaves } from './operations.ts'
import type { RunningApi } from './running-api.ts'

const timeout = 90_000

const retry = (api: RunningApi, receipt: unknown) => post(`${api.url}/v1/jobs/${receipt}/retry`, '')

/** An object without the name of its own that users have. */
const named = (id: string, username: string): DemoOperation => {
  const { type, op, object } = createUser(id)
  return { type, op, object: { ...object, username } }
}

const update = (id: string, userId: string, title: string): DemoOperation => ({
  ...{ type: 'pin', op: 'update' },
  object: { id, userId, title },
})

const upsert = (id: string, username: string): DemoOperation => ({
  ...named(id, username),
  op: 'upsert',
})

const remove = (id: string): DemoOperation => ({ type: 'user', op: 'delete', object: { id } })

test.each([
  ['the embedded log', undefined],
  ['Kafka', () => inject('kafkaBrokers')],
])(
  'on %s, what failed is sent again once, however often and whenever that is asked',
  {
    timeout,
  },
  async (_, brokers) => {
    // One shard, so that all users meet in one unique key.
    const deployment = new Deployment({
      ...(brokers && { kafkaBrokers: brokers() }),
      shards: 1,
    })
    await deployment.migrate()
    const [api, other, worker] = await Promise.all([
      deployment.startApi('bun'),
      deployment.startApi('node'),
      deployment.startWorker('deno'),
    ])
    await api.applied([createUser('1'), named('2', 'taken'), createPin('9', '1')])
    const sent = [
      createPin('10', '1'),
      incrementSaves('11', '1', 5),
      update('12', '1', 'late'),
      createPin('9', '1', 'again'),
      named('3', 'taken'),
      upsert('4', 'taken'),
      incrementSaves('11', '1', 7),
      remove('77'),
    ]
    const first = await api.write(sent)
    const receipt = first.body.receipt
    expect(await api.settled(String(receipt))).toMatchObject({ failed: 6, applied: 2 })
    const failures = await (await fetch(`${api.url}/v1/jobs/${receipt}/failures`)).text()
    const lines = failures
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines[0]).toMatchObject({ index: 1, op: 'increment', by: { saves: 5 } })

    // What the failures name is mended, but for the pin that is there.
    await api.applied([createPin('11', '1'), createPin('12', '1'), remove('2')])
    const pressed = await Promise.all([
      retry(api, receipt),
      retry(other, receipt),
      retry(api, receipt),
    ])
    for (const { status, body } of pressed) {
      expect([status, body.retryOf, body.accepted]).toEqual([202, first.body.job, 6])
      expect(body.job).toBe(pressed[0]!.body.job)
      const job = await api.settled(String(body.receipt))
      expect(job).toMatchObject({ retryOf: first.body.job, state: 'done_with_failures' })
      expect(job).toMatchObject({ applied: 4, failed: 2 })
    }
    const pins = () => deployment.query(0, 'SELECT id, title, saves FROM pins ORDER BY id')
    const after = [
      { id: '9', title: 'pin 9', saves: 0 },
      { id: '10', title: 'pin 10', saves: 0 },
      { id: '11', title: 'pin 11', saves: 12 },
      { id: '12', title: 'late', saves: 0 },
    ]
    expect(await pins()).toEqual(after)
    const users = () => deployment.query(0, 'SELECT id, username FROM users ORDER BY id')
    expect(await users()).toEqual([
      { id: '1', username: 'user 1' },
      { id: '3', username: 'taken' },
    ])

    // Once more, when it is long over; then what failed again, whose own failures are the job's.
    const again = await retry(other, receipt)
    expect(await other.settled(String(again.body.receipt))).toMatchObject({ applied: 4, failed: 2 })
    const linked = String(pressed[0]!.body.receipt)
    expect(await api.client.failures(linked)).toEqual(
      new Map([
        [3, 'already_exists'],
        [5, 'duplicate_value'],
      ]),
    )
    await api.applied([remove('3')])
    const second = await retry(api, linked)
    expect(second.body).toMatchObject({ retryOf: pressed[0]!.body.job, accepted: 2 })
    expect(await api.settled(String(second.body.receipt))).toMatchObject({ applied: 1, failed: 1 })
    expect(await pins()).toEqual(after)
    expect((await users()).at(-1)).toEqual({ id: '4', username: 'taken' })

    // A job without failures, and one that is not over.
    const fine = await api.write([createPin('20', '1')])
    await api.settled(String(fine.body.receipt))
    expect((await retry(api, fine.body.receipt)).status).toBe(409)
    expect(await worker.process.stop()).toBe(0)
    const queued = await api.write([incrementSaves('404', '1', 1)])
    expect(await retry(api, queued.body.receipt)).toMatchObject({
      status: 409,
      body: { type: 'urn:sluice:problem:job-not-over', pending: 1 },
    })
  },
)
