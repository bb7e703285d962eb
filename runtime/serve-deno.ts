import { LastAnswers } from './last-answers.ts'
import type { Serve } from './serve.ts'

/** The part of Deno that is used here: its types are not Node's, and come with no package. */
declare const Deno: {
  serve(
    options: {
      hostname: string
      port: number
      signal: AbortSignal
      onListen(address: { port: number }): void
    },
    handler: (request: Request) => Response | Promise<Response>,
  ): {
    readonly addr: { port: number }
    shutdown(): Promise<void>
    readonly finished: Promise<void>
  }
}

/** Deno takes connections to its end. Whoever comes too late must know that nothing was done. */
function tooLate(): Response {
  const problem = {
    type: 'urn:sluice:problem:stopping',
    title: 'Stopping',
    status: 503,
    detail: 'This process is about to end and took nothing: send this again, to another or later.',
    outcome: 'none',
  }
  const headers = {
    'content-type': 'application/problem+json',
    'retry-after': '1',
    connection: 'close',
  }
  return new Response(JSON.stringify(problem), { status: 503, headers })
}

export const serveOnDeno: Serve = async ({ fetch, host, port }) => {
  const closing = new AbortController()
  const answers = new LastAnswers(fetch)
  const underWay = new Set<Promise<Response>>()
  let finishing = false
  const answer = (request: Request): Response | Promise<Response> => {
    if (finishing) return tooLate()
    const answered = Promise.resolve(answers.answer(request))
    underWay.add(answered)
    const done = () => underWay.delete(answered)
    answered.then(done, done)
    return answered
  }
  // Without `onListen` Deno prints the address by itself.
  const options = { hostname: host, port, signal: closing.signal, onListen: () => {} }
  const server = Deno.serve(options, answer)
  return {
    port: server.addr.port,
    async finish() {
      await answers.lastCall()
      // Deno 2.9's shutdown breaks off the bodies that are being read, so it waits for them here.
      finishing = true
      await Promise.allSettled(underWay)
      await server.shutdown()
    },
    async close() {
      closing.abort()
      await server.finished
    },
  }
}
