import { setTimeout as wait } from 'node:timers/promises'
import type { Fault } from '../fault.ts'

/** What `wiring/run-process.ts` allows, and a second for the process itself. */
const stopLimitMs = 26_000

export const stoppedWhileAway: Fault = {
  name: 'stopped-while-away',
  what: 'SIGTERM to everybody while MySQL and Kafka do not answer: each ends within its bound',
  count: 3,
  stage: { workers: ['node', 'deno', 'bun'], shards: 6 },
  async attempt(world, n) {
    const { mysql, kafka } = world.servers
    const runtimes = world.workers.map(({ runtime }) => runtime)
    const away = [[mysql], [kafka], [mysql, kafka]][n % 3]!
    await Promise.all(away.map((server) => server.kill('SIGSTOP')))
    await wait(500)
    const startMs = performance.now()
    const parts = [world.api, ...world.workers.map(({ process }) => process)]
    for (const worker of [...world.workers]) world.forget(worker)
    // Nobody's answer is waited for any more: what it was that a client sent last is unknown.
    await Promise.all(parts.map((part) => part.stop()))
    world.measure('stop', performance.now() - startMs, stopLimitMs)
    await Promise.all(away.map((server) => server.kill('SIGCONT')))
    await Promise.all([world.startApi(), ...runtimes.map((runtime) => world.startWorker(runtime))])
    await world.isShared()
    await world.movesOn()
  },
}
