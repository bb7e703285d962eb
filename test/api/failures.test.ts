import { expect, test } from 'vitest'
import { createReceipts } from '../../api/receipts.ts'
import type { JobFailure } from '../../core/job-store.ts'
import { offset, type ShardId, shardId } from '../../core/position.ts'
import { StoreError } from '../../core/shard-store.ts'
import { MemoryJobs, receiptKey, testApi } from './test-api.ts'

const receipts = await createReceipts([receiptKey])

const receipt = await receipts.sign({
  job: 'a',
  tenant: 'default',
  logId: 'log-1',
  acceptedAtMs: 0,
  shards: [0, 2].map((n) => ({
    shard: shardId(n),
    first: offset(0),
    last: offset(9),
    operations: 50,
  })),
})

const failure = (index: number): JobFailure => ({
  index,
  type: 'note',
  op: 'create',
  object: { id: `${index}` },
  code: 'already_exists',
  message: 'an object with this key exists',
})

/** Pages over what each shard holds, as the shards' tables would. */
function jobsWith(failures: Record<number, JobFailure[]>) {
  const pages: { shard: ShardId; after: number }[] = []
  const jobs = new MemoryJobs({
    failures: async (shard, job, after, limit) => {
      expect(job).toBe('a')
      pages.push({ shard, after })
      return (failures[shard] ?? []).filter(({ index }) => index > after).slice(0, limit)
    },
  })
  return { jobs, pages }
}

test('failures come as lines, shard by shard in the order of operations, page by page', async () => {
  const { jobs, pages } = jobsWith({ 0: [1, 4, 6, 9].map(failure), 2: [2, 3, 5].map(failure) })
  const { get } = await testApi({ jobs, limits: { failuresPage: 2 } })
  const response = await get(`/v1/jobs/${receipt}/failures`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/x-ndjson')
  const text = await response.text()
  expect(text.endsWith('}\n')).toBe(true)
  const lines = text.trim().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual([1, 4, 6, 9, 2, 3, 5].map(failure))
  expect(pages).toEqual([
    { shard: 0, after: -1 },
    { shard: 0, after: 4 },
    { shard: 0, after: 9 },
    { shard: 2, after: -1 },
    { shard: 2, after: 3 },
  ])
})

test('a receipt that is too long for a path goes into the body', async () => {
  const failed = { 0: [1, 4].map(failure), 2: [failure(2)] }
  const { get, post } = await testApi({ jobs: jobsWith(failed).jobs })
  const response = await post('/v1/jobs/failures', { receipt })
  expect(response.headers.get('content-type')).toBe('application/x-ndjson')
  const text = await response.text()
  expect(text).toBe(await (await get(`/v1/jobs/${receipt}/failures`)).text())
  expect(await (await post('/v1/jobs/failures', { receipts: [receipt] })).text()).toBe(text)
})

test('a job without failures has no lines', async () => {
  const { get } = await testApi({ jobs: jobsWith({}).jobs })
  const response = await get(`/v1/jobs/${receipt}/failures`)
  expect([response.status, await response.text()]).toEqual([200, ''])
})

test('no page is read before the client takes the one before', async () => {
  const { jobs, pages } = jobsWith({ 0: Array.from({ length: 100 }, (_, i) => failure(i)) })
  const { get } = await testApi({ jobs, limits: { failuresPage: 2 } })
  const response = await get(`/v1/jobs/${receipt}/failures`)
  const reader = response.body!.getReader()
  await reader.read()
  await reader.read()
  await new Promise(setImmediate)
  expect(pages.length).toBeLessThanOrEqual(3)
  await reader.cancel()
  await new Promise(setImmediate)
  expect(pages.length).toBeLessThanOrEqual(3)
})

test('a shard that is down at once is a 503', async () => {
  const jobs = new MemoryJobs({
    failures: async () => {
      throw new StoreError('reconnect', 'ECONNREFUSED', 'connection refused')
    },
  })
  const { get, reported } = await testApi({ jobs })
  const response = await get(`/v1/jobs/${receipt}/failures`)
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({
    detail: "The failures can't be listed: the shard can't be read: connection refused.",
  })
  expect(reported).toHaveLength(1)
})

test('a shard that goes down midway breaks the transfer off, so that nobody takes it for whole', async () => {
  const jobs = new MemoryJobs({
    failures: async (shard) => {
      if (shard === 0) return [failure(1)]
      throw new StoreError('reconnect', 'ECONNREFUSED', 'connection refused')
    },
  })
  const { get, reported } = await testApi({ jobs })
  const response = await get(`/v1/jobs/${receipt}/failures`)
  expect(response.status).toBe(200)
  await expect(response.text()).rejects.toThrow('connection refused')
  expect(reported.map(({ where }) => where)).toEqual(['failures on shard 2'])
})

test("another shard's or deployment's database is no answer: it would be an empty one", async () => {
  const elsewhere = new MemoryJobs({
    progress: async () => ({
      logId: 'log-2',
      position: { offset: offset(0), operation: 0 },
      jobs: new Map(),
    }),
    failures: async () => [],
  })
  const { get } = await testApi({ jobs: elsewhere })
  const response = await get(`/v1/jobs/${receipt}/failures`)
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({
    detail: expect.stringContaining('was written to the log log-1, the shard follows log-2'),
  })
})
