import { expect, test } from 'vitest'
import { shardId } from '../../core/position.ts'
import { AssignmentFeed } from '../../log/assignment-feed.ts'

const shards = [shardId(0), shardId(3)]

test('who asks late gets the newest assignment only', async () => {
  const feed = new AssignmentFeed()
  feed.publish(1, [])
  feed.publish(2, shards)
  expect(await feed.next(-1)).toEqual({ generation: 2, shards })
})

test('who has seen the newest waits for the next', async () => {
  const feed = new AssignmentFeed()
  feed.publish(4, shards)
  const next = feed.next(4)
  feed.publish(5, [])
  expect(await next).toEqual({ generation: 5, shards: [] })
})

test('generations grow where the group counts anew', async () => {
  const feed = new AssignmentFeed()
  feed.publish(7, shards)
  feed.publish(1, [])
  expect(await feed.next(7)).toEqual({ generation: 8, shards: [] })
})

test('a loss is told once, and the assignment after it is newer', async () => {
  const feed = new AssignmentFeed()
  feed.publishLoss()
  feed.publish(1, shards)
  feed.publishLoss()
  feed.publishLoss()
  expect(await feed.next(1)).toEqual({ generation: 2, shards: [] })
  feed.publish(2, shards)
  expect(await feed.next(2)).toEqual({ generation: 3, shards })
})

test('the end is told to all who wait', async () => {
  const feed = new AssignmentFeed()
  const waiting = [feed.next(-1), feed.next(5)]
  feed.end()
  expect(await Promise.all(waiting)).toEqual([undefined, undefined])
})
