import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { expect, test } from 'vitest'
import { PublishError } from '../../core/log.ts'
import { recordSpans } from '../support/recorded-spans.ts'
import { createNote, testApi } from './test-api.ts'

const ended = recordSpans()

const traceId = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${traceId}-b7ad6b7169203331-01`

test('a write continues the trace of its request, and each message carries it on', async () => {
  const { write, log } = await testApi()
  await write({ operations: [createNote(1, 0), createNote(2, 1)] }, { traceparent })
  const [publish, request] = ended
  expect(request).toMatchObject({
    name: 'POST /v1/writes',
    kind: SpanKind.SERVER,
    parentSpanContext: { traceId, spanId: 'b7ad6b7169203331' },
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/v1/writes',
      'url.path': '/v1/writes',
      'url.scheme': 'http',
      'http.response.status_code': 202,
    },
  })
  expect(publish).toMatchObject({
    name: 'send test.writes',
    kind: SpanKind.PRODUCER,
    parentSpanContext: { traceId, spanId: request!.spanContext().spanId },
    attributes: {
      'messaging.system': 'memory',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'test.writes',
      'messaging.batch.message_count': 2,
      'sluice.job.id': 'job-1',
      'sluice.operations': 2,
    },
  })
  const expected = `00-${traceId}-${publish!.spanContext().spanId}-01`
  for (const shard of [0, 1]) expect(log.messages[shard]![0]!.headers.traceparent).toBe(expected)
})

test('an upload of many messages has one span that publishes, and each message carries it on', async () => {
  const { write, log } = await testApi({ messageLimits: { operations: 10, bytes: 200_000 } })
  const lines = Array.from({ length: 100 }, (_, i) => createNote(i, i, 'x'.repeat(100_000)))
  const body = lines.map((note) => `${JSON.stringify(note)}\n`).join('')
  const response = await write(body, { 'content-type': 'application/x-ndjson', traceparent })
  expect(response.status).toBe(202)
  const [publish, request] = ended
  expect(ended).toHaveLength(2)
  expect(publish).toMatchObject({
    name: 'send test.writes',
    parentSpanContext: { traceId, spanId: request!.spanContext().spanId },
    attributes: { 'messaging.batch.message_count': 100, 'sluice.operations': 100 },
  })
  const expected = `00-${traceId}-${publish!.spanContext().spanId}-01`
  const headers = log.messages.flat().map((message) => message.headers.traceparent)
  expect(headers).toEqual(Array(100).fill(expected))
})

test('a failed publish marks both spans, with the kind of error', async () => {
  const { write, log } = await testApi()
  log.failWith = new PublishError('none', 'down')
  await write({ operations: [createNote(1, 0)] })
  const [publish, request] = ended
  expect(publish!.attributes['error.type']).toBe('PublishError')
  expect(publish!.status).toEqual({ code: SpanStatusCode.ERROR })
  expect(request!.attributes).toMatchObject({
    'error.type': '503',
    'http.response.status_code': 503,
  })
})

test("a client's error is no error of the server", async () => {
  const { write } = await testApi()
  await write('{')
  const [request] = ended
  expect(request!.attributes['http.response.status_code']).toBe(400)
  expect(request!.status).toEqual({ code: SpanStatusCode.UNSET })
})

test('no receipt is in a span: who holds one may read the job', async () => {
  const { get } = await testApi()
  await get('/v1/jobs/a-receipt')
  const [request] = ended
  expect(request!.name).toBe('GET /v1/jobs/:receipt')
  expect(JSON.stringify(request!.attributes)).not.toContain('a-receipt')
})
