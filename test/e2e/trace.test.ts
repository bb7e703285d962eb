import { expect, inject, test } from 'vitest'
import { Deployment } from './deployment.ts'
import { createPin, createUser, incrementSaves } from './operations.ts'
import { OtlpReceiver, type ReceivedSpan } from './otlp-receiver.ts'

const patient = { timeout: 20_000, interval: 50 }

/** As a client's own tracing makes it. */
function newTrace() {
  const traceId = crypto.randomUUID().replaceAll('-', '')
  const spanId = crypto.randomUUID().replaceAll('-', '').slice(0, 16)
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-01` }
}

test.each([
  ['node', 'deno'],
  ['deno', 'bun'],
  ['bun', 'node'],
] as const)(
  'a write can be followed from the request on %s to its statements on %s, and back',
  {
    timeout: 60_000,
  },
  async (apiRuntime, workerRuntime) => {
    const collector = await OtlpReceiver.start()
    const deployment = new Deployment({
      kafkaBrokers: inject('kafkaBrokers'),
      shards: 1,
      env: collector.env,
    })
    await deployment.migrate()
    const api = await deployment.startApi(apiRuntime)

    // Two requests that one window will settle, since no worker runs yet.
    const [first, second] = [newTrace(), newTrace()]
    await api.write([createUser('1'), createPin('1', '1')], first.traceparent)
    const { body } = await api.write(
      [incrementSaves('1', '1', 2), createPin('1', '1')],
      second.traceparent,
    )
    const worker = await deployment.startWorker(workerRuntime)
    await api.settled(String(body.receipt))
    expect(await Promise.all([api.process.stop(), worker.process.stop()])).toEqual([0, 0])

    const spanOf = (name: string, { traceId }: { traceId: string }): ReceivedSpan => {
      const found = collector.spans.filter((span) => span.name === name && span.traceId === traceId)
      expect(found.map(({ name }) => name)).toEqual([name])
      return found[0]!
    }
    const topic = `${deployment.prefix}.writes`
    await expect
      .poll(() => collector.spans.map(({ name }) => name), patient)
      .toContain('process in window')

    // The first request's trace goes on to the statements.
    const request = spanOf('POST /v1/writes', first)
    const send = spanOf(`send ${topic}`, first)
    const window = spanOf('process window', first)
    const transaction = spanOf('transaction', first)
    expect(request).toMatchObject({ service: 'sluice-api', parentSpanId: first.spanId })
    expect(send).toMatchObject({ service: 'sluice-api', parentSpanId: request.spanId })
    expect(window).toMatchObject({ service: 'sluice-worker', parentSpanId: send.spanId })
    expect(spanOf('throttle', first).parentSpanId).toBe(window.spanId)
    expect(transaction.parentSpanId).toBe(window.spanId)

    // The window says which requests it settles, and each of its statements likewise.
    const otherSend = spanOf(`send ${topic}`, second)
    const linkTo = ({ traceId, spanId }: ReceivedSpan) =>
      expect.objectContaining({ traceId, spanId })
    expect(window.links).toEqual([linkTo(send), linkTo(otherSend)])
    for (const name of ['INSERT users', 'INSERT board_pins']) {
      const statement = spanOf(name, first)
      expect(statement).toMatchObject({ parentSpanId: transaction.spanId, links: [linkTo(send)] })
      expect(statement.attributes).toMatchObject({
        'db.system.name': 'mysql',
        'db.operation.name': 'INSERT',
        'db.collection.name': name.split(' ')[1],
        'db.operation.batch.size': 1,
      })
    }
    expect(spanOf('UPDATE pins', first).links).toEqual([linkTo(otherSend)])

    // From the second request, whose operations are in another's trace, a link leads there.
    const back = spanOf('process in window', second)
    expect(back).toMatchObject({ service: 'sluice-worker', parentSpanId: otherSend.spanId })
    expect(back.links).toEqual([linkTo(window)])
    expect(otherSend.parentSpanId).toBe(spanOf('POST /v1/writes', second).spanId)

    // A failure keeps the context that its message's headers carried.
    expect(await deployment.query(0, 'SELECT code, trace FROM sluice_failures')).toEqual([
      { code: 'already_exists', trace: `00-${second.traceId}-${otherSend.spanId}-01` },
    ])
  },
)

test('a collector that is away keeps no process from serving, nor from ending', {
  timeout: 60_000,
}, async () => {
  const collector = await OtlpReceiver.start()
  const deployment = new Deployment({ env: collector.env })
  await collector.close()
  await deployment.migrate()
  const [api, worker] = await Promise.all([deployment.startApi(), deployment.startWorker()])
  expect(await api.applied([createUser('1')])).toMatchObject({ state: 'done' })
  for (const { process } of [api, worker]) {
    expect(await process.stop()).toBe(0)
    expect(process.output).toMatch(/\nthe last telemetry could not be sent: .+\n$/)
  }
})
