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

export const serveOnDeno: Serve = async ({ fetch, host, port }) => {
  const closing = new AbortController()
  const underWay = new Set<Promise<Response>>()
  let finishing = false
  const answer = (request: Request): Response | Promise<Response> => {
    if (finishing) return new Response(null, { status: 503, headers: { connection: 'close' } })
    const answered = Promise.resolve(fetch(request))
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
