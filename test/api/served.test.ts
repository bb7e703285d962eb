import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { runtimes, serveOn } from './serve-on.ts'
import { answerOf, createNote } from './test-api.ts'

const limits = { bodyBytes: 100_000 }

function chunks(count: number, pieceBytes: number): ReadableStream<Uint8Array> {
  let sent = 0
  return new ReadableStream({
    pull(controller) {
      if (sent++ === count) controller.close()
      else controller.enqueue(new Uint8Array(pieceBytes).fill(0x20))
    },
  })
}

const whole = JSON.stringify({ operations: [createNote(1, 7)] })

describe.each(runtimes)('on %s', (runtime) => {
  test('writes are accepted, whole and in chunks, and the process ends when it is told to', async () => {
    const { url, write, stop } = await serveOn(runtime)
    expect((await write(whole)).status).toBe(202)
    const halves = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(whole.slice(0, 20)))
        controller.enqueue(new TextEncoder().encode(whole.slice(20)))
        controller.close()
      },
    })
    expect((await write(halves)).status).toBe(202)
    expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ status: 'ok' })
    expect(await stop()).toBe(0)
  })

  test('a body over the limit gets its answer, with a length and in chunks, and others go on', async () => {
    const { write } = await serveOn(runtime, { limits })
    for (const body of [new Uint8Array(150_000), chunks(15, 10_000)]) {
      const response = await write(body)
      expect(response.status).toBe(413)
      expect((await answerOf(response)).status).toBe(413)
    }
    expect((await write(whole)).status).toBe(202)
  })

  test('a client that hangs up amid its body disturbs nobody', async () => {
    const { port, write } = await serveOn(runtime)
    const socket = connect(port, '127.0.0.1')
    const head = 'POST /v1/writes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
    await new Promise<void>((done) => {
      socket.write(`${head}content-length: 1000\r\n\r\n{"operations":[`, () => done())
    })
    socket.destroy()
    await once(socket, 'close')
    expect((await write(whole)).status).toBe(202)
  })

  test('a request under way is answered before the process ends', async () => {
    const { write, requestBegins, stop } = await serveOn(runtime)
    let finish = () => {}
    const slow = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(whole.slice(0, 20)))
        finish = () => {
          controller.enqueue(new TextEncoder().encode(whole.slice(20)))
          controller.close()
        }
      },
    })
    const response = write(slow)
    await requestBegins()
    const ended = stop()
    finish()
    expect((await response).status).toBe(202)
    expect(await ended).toBe(0)
  })

  test('clients that send on and on are told when to go, and do not keep the process', async () => {
    const { write, stop } = await serveOn(runtime, { graceMs: 20_000 })
    const answers: number[] = []
    const sendOn = async () => {
      for (;;) {
        const response = await write(whole)
        answers.push(response.status)
        await response.text()
        if (response.headers.get('connection') === 'close') return
      }
    }
    const clients = Promise.all(Array.from({ length: 6 }, sendOn))
    await expect.poll(() => answers.length).toBeGreaterThan(50)
    const startMs = performance.now()
    expect(await stop()).toBe(0)
    expect(performance.now() - startMs).toBeLessThan(10_000)
    await clients
    expect(new Set(answers)).toEqual(new Set([202]))
  })

  test('a request that never ends does not keep the process', async () => {
    const { write, requestBegins, stop } = await serveOn(runtime, { graceMs: 200 })
    const stuck = write(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(1)) }))
    const outcome = stuck.then(
      ({ status }) => status,
      () => 'hung up',
    )
    await requestBegins()
    expect(await stop()).toBe(0)
    // Deno still says that the body is not whole.
    expect(['hung up', 400]).toContain(await outcome)
  })
})
