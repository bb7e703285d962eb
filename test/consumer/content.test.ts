import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { messageVersion } from '../../core/message.ts'
import { ModelWorld } from '../support/model-world.ts'
import { note, separateTypes } from '../support/sample-types.ts'
import { creates, noteOperations } from './note-operations.ts'

const garbage = new TextEncoder().encode('this is not a message')
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** What was recorded raw: offset, bytes as text, and the trace. */
function recordedRaw(world: ModelWorld) {
  return world.shard.records
    .flatMap(({ undecodable }) => undecodable)
    .map(({ offset, bytes, traceparent }) => [offset, new TextDecoder().decode(bytes), traceparent])
}

function noteIds(world: ModelWorld): string[] {
  return (world.shard.tables.snapshot()['note/0'] ?? []).map(({ id }) => String(id))
}

describe('messages that can not be decoded are recorded raw, and passed', () => {
  const [sound, broken] = ['sound', 'broken'] as const
  test.each([
    ['first', [broken, sound, sound]],
    ['last', [sound, sound, broken]],
    ['between', [sound, broken, sound]],
    ['several in a row', [sound, broken, broken, sound, broken]],
    ['and nothing else', [broken]],
  ])('%s', async (_, messages) => {
    for (const pullSize of [1, 10]) {
      const world = new ModelWorld()
      const expected: unknown[] = []
      for (const [i, message] of messages.entries()) {
        if (message === sound) await world.send(creates(2, i * 2))
        else {
          await world.sendBytes(garbage, { traceparent })
          expected.push([i, 'this is not a message', traceparent])
        }
      }
      const worker = await world.startWorker({ shardLimits: { pullSize } })
      await world.drain()
      expect(recordedRaw(world)).toEqual(expected)
      expect(noteIds(world)).toHaveLength(2 * messages.filter((kind) => kind === sound).length)
      expect(world.shard.position).toEqual({ offset: messages.length, operation: 0 })
      expect(world.alerts).toEqual([])
      await world.clock.run(worker.stop())
    }
  })

  test('too short, empty, or with one bit changed', async () => {
    const world = new ModelWorld()
    await world.send(creates(1))
    const flipped = world.log.messages[0]![0]!.bytes.slice()
    flipped[20]! ^= 1
    await world.sendBytes(new Uint8Array(0))
    await world.sendBytes(new Uint8Array(4))
    await world.sendBytes(flipped)
    const worker = await world.startWorker()
    await world.drain()
    expect(recordedRaw(world).map(([at]) => at)).toEqual([1, 2, 3])
    await world.clock.run(worker.stop())
  })
})

describe('what this worker does not know stops the shard', () => {
  function unknownVersion(world: ModelWorld): Promise<void> {
    const bytes = Uint8Array.from([0, 0, 0, 0, messageVersion + 1, ...garbage])
    new DataView(bytes.buffer).setUint32(0, crc32(bytes.subarray(4)))
    return world.sendBytes(bytes)
  }
  const { create, increment } = noteOperations()
  const contents: Record<string, (world: ModelWorld) => Promise<void>> = {
    [`message version ${messageVersion + 1}`]: unknownVersion,
    'the type "memo"': (world) =>
      world.send([...creates(2, 50), { ...create(60), type: 'memo' }, ...creates(2, 70)]),
    'the property "colour" of the type note': (world) =>
      world.send([create(61), create(62, { colour: 'red' })]),
    'the property "views" of the type note': (world) => world.send([increment(1, { views: 1 })]),
  }

  test.each(Object.entries(contents))('%s', async (unknown, send) => {
    const world = new ModelWorld()
    await world.send(creates(2))
    await world.send(creates(2, 3))
    await send(world)
    await world.send(creates(2, 5))
    const worker = await world.startWorker({ shardLimits: { pullSize: 2 } })
    await world.clock.runFor(200_000)
    // Everything in front of it is applied, nothing of it or behind it.
    expect(noteIds(world)).toEqual(['1', '2', '3', '4'])
    expect(world.shard.position).toEqual({ offset: 2, operation: 0 })
    const message = `the message at offset 2 has ${unknown}, which this worker does not know; start a worker whose version and config know it; if it may be given up, npm run repair -- skip-message passes it`
    expect(world.alerts).toEqual([{ shard: 0, code: 'shard_stopped_unknown_content', message }])
    expect(world.status()).toMatchObject({ reason: 'stopped', detail: message })
    await world.clock.run(worker.stop())
  })

  test('until a worker that knows it comes', async () => {
    const world = new ModelWorld()
    await world.send(creates(1))
    await world.send([{ ...create(60), type: 'memo' }])
    await world.send(creates(1, 2))
    const worker = await world.startWorker()
    await world.clock.runFor(100_000)
    expect(world.isDrained()).toBe(false)
    await world.clock.run(worker.stop())

    const memo = { ...note, name: 'memo', ordinal: 99 }
    const knowing = new ModelWorld(1, [...separateTypes, memo])
    world.shard.tables = knowing.shard.tables
    const next = await world.startWorker({ types: knowing.types })
    await world.drain(1000)
    expect(Object.keys(world.shard.tables.snapshot())).toEqual(['memo/0', 'note/0'])
    await world.clock.run(next.stop())
  })

  test('and the same cause at another place alerts again', async () => {
    const world = new ModelWorld()
    const types = new Map(world.types)
    await world.send(creates(1))
    types.delete('note')
    const worker = await world.startWorker({ types })
    await world.clock.runFor(100_000)
    expect(world.alerts).toHaveLength(1)
    types.set('note', note)
    await world.drain()
    types.delete('note')
    await world.send(creates(1, 2))
    await world.clock.runFor(100_000)
    expect(world.alerts).toHaveLength(2)
    await world.clock.run(worker.stop())
  })
})

test('superseded operations are counted for the job that sent them', async () => {
  const world = new ModelWorld()
  const make = noteOperations()
  await world.send([make.create(1, { title: 'a' }), make.update(1, { title: 'b' })])
  await world.send([make.update(1, { title: 'c' }), make.update(1, { title: 'd' })])
  await world.send([make.update(1, { title: 'e' }), make.update(2, { title: 'x' })])
  const worker = await world.startWorker()
  await world.drain()
  expect(world.superseded()).toEqual({ 'job-0': 1, 'job-1': 2 })
  expect(world.failures()).toEqual(['job-2/5 not_found'])
  await world.clock.run(worker.stop())
})

test('one window may hold more superseded operations than a call takes arguments', async () => {
  const world = new ModelWorld()
  const make = noteOperations()
  await world.send([make.create(1)])
  for (let i = 0; i < 200; i++) {
    await world.send(Array.from({ length: 1000 }, () => make.update(1, { title: 'b' })))
  }
  const worker = await world.startWorker({ shardLimits: { pullSize: 201 } })
  await world.drain()
  expect(world.shard.records).toHaveLength(1)
  const superseded = Object.values(world.superseded()).reduce((sum, count) => sum + count, 0)
  expect(superseded).toBe(199_999)
  await world.clock.run(worker.stop())
})
