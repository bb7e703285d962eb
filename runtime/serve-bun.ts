import { LastAnswers } from './last-answers.ts'
import type { Serve } from './serve.ts'

/** The part of Bun that is used here: its types would clash with Node's. */
declare const Bun: {
  serve(options: {
    hostname: string
    port: number
    idleTimeout: number
    maxRequestBodySize: number
    fetch(request: Request): Response | Promise<Response>
  }): { readonly port: number; stop(closeActiveConnections?: boolean): Promise<void> }
}

/**
 * The longest that Bun takes: it hangs up after 10 s by default, and publishing a large request, or
 * a slow shard, may keep a client waiting for longer.
 */
const idleTimeoutSeconds = 255

export const serveOnBun: Serve = async ({ fetch, host, port }) => {
  const answers = new LastAnswers(fetch)
  const server = Bun.serve({
    hostname: host,
    port,
    idleTimeout: idleTimeoutSeconds,
    // The app bounds bodies itself, and answers with a problem where Bun would with nothing.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: (request) => answers.answer(request),
  })
  return {
    port: server.port,
    async finish() {
      // It hangs up at once on whoever is silent at the moment.
      await answers.lastCall()
      await server.stop()
    },
    close: () => server.stop(true),
  }
}
