import type { Server } from 'node:http'
import { type AddressInfo, Server as TcpServer } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { LastAnswers } from './last-answers.ts'
import type { Serve } from './serve.ts'

/** Connections whose last answer is given are closed so soon. */
const hangUpEveryMs = 20

export const serveOnNode: Serve = async ({ fetch, host, port }) => {
  const answers = new LastAnswers(fetch)
  const server = createAdaptorServer({
    fetch: answers.answer,
    overrideGlobalObjects: false,
    // The app bounds how long a body takes; Node would end any that takes more than 5 minutes.
    serverOptions: { requestTimeout: 0 },
  }) as Server
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    async finish() {
      // The server's own `close` would hang up at once on whoever is silent at the moment.
      const closed = new Promise((resolve) => TcpServer.prototype.close.call(server, resolve))
      await answers.lastCall()
      const hangUp = setInterval(() => server.closeIdleConnections(), hangUpEveryMs)
      await closed
      clearInterval(hangUp)
    },
    close: async () => server.closeAllConnections(),
  }
}
