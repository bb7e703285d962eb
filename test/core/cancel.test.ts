import { expect, test } from 'vitest'
import { type Cancel, CancelledJobs, cancelKey, parseCancel } from '../../core/cancel.ts'
import { offset, shardId } from '../../core/position.ts'

const behind = (at: number, operation = 0) => ({ offset: offset(at), operation })
const cancel: Cancel = {
  version: 1,
  job: 'a',
  tenant: 't',
  logId: 'log-1',
  stretches: [
    { shard: shardId(0), from: behind(1, 3), last: offset(10) },
    { shard: shardId(3), from: behind(0), last: offset(0) },
    { shard: shardId(0), from: behind(20), last: offset(21) },
  ],
}

test('a cancel covers a job on its shards from where they stood to its last message, and no further', () => {
  const jobs = new CancelledJobs('log-1')
  expect(jobs.note(cancelKey('a'), JSON.stringify(cancel))).toBe(true)
  const covers = (shard: number, at: number, operation = 0, job = 'a') =>
    jobs.covers(job, shardId(shard), behind(at, operation))
  expect([covers(0, 2), covers(0, 10, 5), covers(0, 11)]).toEqual([true, true, true])
  expect([covers(0, 11, 1), covers(0, 12), covers(1, 2)]).toEqual([false, false, false])
  expect([covers(3, 1), covers(3, 0, 7), covers(3, 1, 1)]).toEqual([true, true, false])
  expect([covers(0, 1, 3), covers(0, 1, 2), covers(0, 1, 4)]).toEqual([false, false, true])
  expect([covers(0, 20), covers(0, 20, 1), covers(0, 23)]).toEqual([false, true, false])
  expect(covers(0, 2, 0, 'b')).toBe(false)
})

test('a cancel that is removed, or of another log, covers nothing', () => {
  const jobs = new CancelledJobs('log-1')
  const isCovered = () => jobs.covers('a', shardId(0), behind(5))
  jobs.note(cancelKey('a'), JSON.stringify(cancel))
  expect(isCovered()).toBe(true)
  expect(jobs.note(cancelKey('a'), undefined)).toBe(true)
  expect(isCovered()).toBe(false)
  jobs.note(cancelKey('a'), JSON.stringify(cancel))
  expect(jobs.note(cancelKey('a'), JSON.stringify({ ...cancel, logId: 'log-0' }))).toBe(true)
  expect(isCovered()).toBe(false)
  expect(jobs.size).toBe(0)
})

const [stretch] = cancel.stretches

test.each([
  ['a later version', JSON.stringify({ ...cancel, version: 2 })],
  ['no JSON', '{"version": 1'],
  ['null', 'null'],
  ['no job', JSON.stringify({ ...cancel, job: 7 })],
  ['no stretches', JSON.stringify({ ...cancel, stretches: undefined })],
  ['a stretch that is none', JSON.stringify({ ...cancel, stretches: [null] })],
  ['an end that is none', JSON.stringify({ ...cancel, stretches: [{ ...stretch, last: '10' }] })],
  ['a start that is none', JSON.stringify({ ...cancel, stretches: [{ ...stretch, from: 3 }] })],
])('%s is not known, and covers nothing', (_, value) => {
  expect(parseCancel(value)).toBeUndefined()
  const jobs = new CancelledJobs('log-1')
  expect(jobs.note(cancelKey('a'), value)).toBe(false)
  expect(jobs.size).toBe(0)
})

test('another key is not known', () => {
  expect(new CancelledJobs('log-1').note('pause/0', '{}')).toBe(false)
})
