import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { expect, test } from 'vitest'
import { StoreError } from '../../core/shard-store.ts'
import { ModelWorld } from '../support/model-world.ts'
import { type EndedSpan, recordSpans } from '../support/recorded-spans.ts'
import { creates, noteOperations } from './note-operations.ts'

const ended = recordSpans()

const traceIds = ['a', 'b', 'c'].map((digit) => digit.repeat(32))
const spanIds = ['1', '2', '3'].map((digit) => digit.repeat(16))
const parent = (n: number) => ({ traceId: traceIds[n], spanId: spanIds[n] })
const headers = (n: number, flags = '01') => ({
  traceparent: `00-${traceIds[n]}-${spanIds[n]}-${flags}`,
})

function named(name: string): EndedSpan[] {
  return ended.filter((span) => span.name === name)
}

function linksOf(span: EndedSpan) {
  return span.links.map(({ context: { traceId, spanId } }) => ({ traceId, spanId }))
}

async function apply(world: ModelWorld): Promise<void> {
  const worker = await world.startWorker()
  await world.drain()
  await world.clock.run(worker.stop())
}

test('a window continues the first request’s trace and links to all requests', async () => {
  const world = new ModelWorld()
  for (const n of [0, 1, 2]) await world.send(creates(2, n * 2), { headers: headers(n) })
  await apply(world)
  const [window] = named('process window')
  expect(window).toMatchObject({
    kind: SpanKind.CONSUMER,
    parentSpanContext: parent(0),
    attributes: {
      'messaging.operation.type': 'process',
      'messaging.destination.partition.id': '0',
      'sluice.shard': 0,
      'sluice.position': '0.0',
      'sluice.operations': 6,
      'sluice.statements': 1,
    },
  })
  expect(linksOf(window!)).toEqual([parent(0), parent(1), parent(2)])
})

test('each other request’s trace gets a span that links back to the window', async () => {
  const world = new ModelWorld()
  for (const n of [0, 1, 2]) await world.send(creates(2, n * 2), { headers: headers(n) })
  await apply(world)
  const { traceId, spanId } = named('process window')[0]!.spanContext()
  const back = named('process in window')
  expect(back.map(({ parentSpanContext }) => parentSpanContext)).toMatchObject([
    parent(1),
    parent(2),
  ])
  for (const span of back) expect(linksOf(span)).toEqual([{ traceId, spanId }])
})

test('throttle, transaction and statements are inside the window, in one trace', async () => {
  const world = new ModelWorld()
  const make = noteOperations()
  await world.send([make.create(1), make.update(1, { title: 'b' })], { headers: headers(0) })
  await world.send([make.create(1), make.create(2), make.delete(9)], { headers: headers(1) })
  await apply(world)
  const [window] = named('process window')
  const [transaction] = named('transaction')
  const { traceId, spanId } = window!.spanContext()
  for (const child of [...named('throttle'), transaction!]) {
    expect(child.parentSpanContext).toMatchObject({ traceId, spanId })
  }
  const statements = ended.filter(({ kind }) => kind === SpanKind.CLIENT)
  expect(statements.map(({ name }) => name)).toEqual(['DELETE note_0', 'INSERT note_0'])
  for (const statement of statements) {
    expect(statement.parentSpanContext).toMatchObject({
      traceId,
      spanId: transaction!.spanContext().spanId,
    })
  }
  const [remove, insert] = statements
  expect(linksOf(remove!)).toEqual([parent(1)])
  expect(linksOf(insert!)).toEqual([parent(0), parent(1)])
  expect(insert!.attributes).toEqual({
    'db.system.name': 'mysql',
    'db.operation.name': 'INSERT',
    'db.collection.name': 'note_0',
    'db.operation.batch.size': 2,
  })
})

test('requests without a trace make a window with a trace of its own', async () => {
  const world = new ModelWorld()
  await world.send(creates(2))
  await apply(world)
  const [window] = named('process window')
  expect(window!.parentSpanContext).toBeUndefined()
  expect(window!.links).toEqual([])
  expect(named('process in window')).toEqual([])
})

test('a request whose trace is recorded is not hidden by those whose are not', async () => {
  const world = new ModelWorld()
  await world.send(creates(2), { headers: headers(0, '00') })
  await world.send(creates(2, 3), { headers: headers(1) })
  await apply(world)
  const [window] = named('process window')
  expect(window!.parentSpanContext).toMatchObject(parent(1))
  expect(linksOf(window!)).toEqual([parent(0), parent(1)])
  expect(named('process in window')).toEqual([])
})

test('a window that fails marks its spans, and its next try has spans of its own', async () => {
  const world = new ModelWorld()
  world.shard.at('run', () => {
    throw new StoreError('retry', '1213', 'a deadlock')
  })
  await world.send(creates(2), { headers: headers(0) })
  await world.send(creates(2, 3), { headers: headers(1) })
  await apply(world)
  const statuses = (name: string) => named(name).map(({ status }) => status.code)
  for (const name of ['INSERT note_0', 'transaction', 'process window']) {
    expect(statuses(name)).toEqual([SpanStatusCode.ERROR, SpanStatusCode.UNSET])
  }
  expect(named('process window')[0]!.attributes['error.type']).toBe('StoreError')
  // Only a window that was settled is told in the other requests' traces.
  expect(named('process in window')).toHaveLength(1)
})

test('a malformed trace context is as good as none', async () => {
  const world = new ModelWorld()
  await world.send(creates(2), { headers: { traceparent: 'nonsense' } })
  await apply(world)
  expect(named('process window')[0]!.links).toEqual([])
})
