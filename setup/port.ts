import { createServer } from 'node:net'

// Below the ports that systems give to outgoing connections (32768 and up on Linux, 49152 on
// macOS): a remembered port must not be taken by some client's connection when we come back.
const lowest = 20_000
const highest = 32_000
const attempts = 100

/**
 * A loopback port that nobody listens on, at random so that concurrent starts seldom meet; not one that
 * is meant for something else.
 */
export async function freePort(taken?: number): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    if (port !== taken && (await isFree(port))) return port
  }
  throw new Error(`No free port on 127.0.0.1: ${attempts} between ${lowest} and ${highest} tried`)
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => resolve(true))
    })
  })
}
