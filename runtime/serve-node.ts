import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Serve } from './serve.ts'

export const serveOnNode: Serve = async ({ fetch, host, port }) => {
  const server = createAdaptorServer({
    fetch,
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
    finish: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
      }),
    close: async () => server.closeAllConnections(),
  }
}
