import type { Clock } from '../core/clock.ts'

/** How a runtime serves HTTP: the one thing in which Node, Deno and Bun differ here. */
export type Serve = (options: ServeOptions) => Promise<HttpServer>

export interface ServeOptions {
  fetch(request: Request): Response | Promise<Response>
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
}

export interface HttpServer {
  readonly port: number
  /** Takes no more connections, and resolves once the requests under way are answered. */
  finish(): Promise<void>
  /** Closes the connections that are left; for a server that does not finish in time. */
  close(): Promise<void>
}

/** Where it answers: `http://127.0.0.1:8080`, `http://[::1]:8080`. */
export function urlOf(host: string, { port }: Pick<HttpServer, 'port'>): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** As `serve`; a port that is taken is told by the variable that chose it. */
export async function listen(
  serve: Serve,
  options: ServeOptions,
  portVariable: 'SLUICE_PORT' | 'SLUICE_WORKER_PORT',
): Promise<HttpServer> {
  try {
    return await serve(options)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    const { host, port } = options
    throw new Error(
      `${portVariable} is ${port}, where another process listens on ${host} already: end it, or set another port (0 picks a free one)`,
      { cause: error },
    )
  }
}

/** Answers the requests under way, for so long at most. */
export async function stopServer(server: HttpServer, clock: Clock, graceMs: number): Promise<void> {
  const done = new AbortController()
  const grace = clock.sleep(graceMs, done.signal).then(() => 'out of time' as const)
  const outcome = await Promise.race([server.finish(), grace])
  done.abort()
  if (outcome === 'out of time') await server.close()
}
