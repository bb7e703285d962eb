import { expect, test } from 'vitest'
import { offset, shardId } from '../../core/position.ts'
import { type PlatformaticBatch, PlatformaticDelivery } from '../../log/platformatic-batch.ts'
import { PlatformaticQueue } from '../../log/platformatic-queue.ts'

const producer = { producerId: 1n, producerEpoch: 0 }
const another = { producerId: 2n, producerEpoch: 0 }
const limit = 10_000

function delivery(text: string, size = 1, publish = {}): PlatformaticDelivery {
  const bytes = new Uint8Array(size)
  return new PlatformaticDelivery({ shard: shardId(0), bytes, headers: { text } }, publish)
}

function queueOf(...deliveries: PlatformaticDelivery[]): PlatformaticQueue {
  const queue = new PlatformaticQueue(0)
  for (const one of deliveries) queue.add(one)
  return queue
}

const texts = (batch: PlatformaticBatch | undefined) =>
  batch?.deliveries.map(({ message }) => message.headers.text)

test('a batch takes what fits, in order, and the rest waits for the next', () => {
  const queue = queueOf(delivery('a', 4000), delivery('b', 4000), delivery('c', 4000))
  expect(texts(queue.nextBatch(limit))).toEqual(['a', 'b'])
  queue.finish(false)
  expect(texts(queue.nextBatch(limit))).toEqual(['c'])
  queue.finish(false)
  expect(queue.isEmpty).toBe(true)
})

test('a message above the limit goes alone', () => {
  const queue = queueOf(delivery('a', 2 * limit), delivery('b'))
  expect(texts(queue.nextBatch(limit))).toEqual(['a'])
})

test('a batch is repeated until it is finished, whatever waits behind it', () => {
  const queue = queueOf(delivery('a'))
  const batch = queue.nextBatch(limit)
  queue.add(delivery('b'))
  expect(queue.nextBatch(limit)).toBe(batch)
})

test('what nobody waits for any more is not sent', () => {
  const [late, inTime, alsoLate] = [delivery('late'), delivery('in time'), delivery('also late')]
  late.fail('time is up')
  const queue = queueOf(late, inTime, alsoLate)
  const batch = queue.nextBatch(limit)!
  alsoLate.fail('time is up')
  queue.stamp(batch, producer)
  expect(texts(batch)).toEqual(['in time'])
})

test('a queue of messages that nobody waits for has no batch', () => {
  const late = delivery('late', limit)
  const alsoLate = delivery('also late', limit)
  late.fail('time is up')
  alsoLate.fail('time is up')
  const queue = queueOf(late, alsoLate)
  expect(queue.nextBatch(limit)).toBeUndefined()
  expect(queue.isEmpty).toBe(true)
})

test('a batch that may be written keeps its messages, its producer and its number', () => {
  const [late, inTime] = [delivery('late'), delivery('in time')]
  const queue = queueOf(late, inTime)
  const batch = queue.nextBatch(limit)!
  queue.stamp(batch, producer)
  batch.maybeWritten = true
  late.fail('time is up')
  queue.stamp(batch, another)
  expect(texts(batch)).toEqual(['late', 'in time'])
  expect(batch.stamp).toEqual({ producer, sequence: 0 })
})

test('numbers are used up by what was written, and by nothing else', () => {
  const queue = queueOf(delivery('a'), delivery('b'))
  queue.stamp(queue.nextBatch(limit)!, producer)
  queue.finish(true)
  queue.add(delivery('refused'))
  queue.stamp(queue.nextBatch(limit)!, producer)
  queue.finish(false)
  queue.add(delivery('c'))
  const batch = queue.nextBatch(limit)!
  queue.stamp(batch, producer)
  expect(batch.stamp).toEqual({ producer, sequence: 2 })
})

test('a new producer numbers from the beginning', () => {
  const queue = queueOf(delivery('a'))
  queue.stamp(queue.nextBatch(limit)!, producer)
  queue.finish(true)
  queue.add(delivery('b'))
  const batch = queue.nextBatch(limit)!
  queue.stamp(batch, another)
  expect(batch.stamp).toEqual({ producer: another, sequence: 0 })
})

test('what waits of a refused publish is not written without what comes before it', async () => {
  const publish = {}
  const queue = queueOf(
    delivery('too large', limit, publish),
    delivery('of another', 1),
    delivery('of the same', 1, publish),
  )
  const batch = queue.nextBatch(limit)!
  expect(texts(batch)).toEqual(['too large'])
  queue.refuse(batch, 'refused')
  queue.finish(false)
  expect(texts(queue.nextBatch(limit))).toEqual(['of another'])
})

test('a message fails as unknown only if its batch may be written', async () => {
  const [waiting, sent, written] = [delivery('waiting'), delivery('sent'), delivery('written')]
  const batch = queueOf(sent).nextBatch(limit)!
  batch.maybeWritten = true
  batch.fail('no answer')
  waiting.fail('no answer')
  written.succeed(offset(7))
  written.fail('too late')
  expect(await Promise.all([waiting, sent, written].map((one) => one.delivered))).toEqual([
    { kind: 'failed', outcome: 'none', reason: 'no answer' },
    { kind: 'failed', outcome: 'unknown', reason: 'no answer' },
    { kind: 'written', offset: 7 },
  ])
})
