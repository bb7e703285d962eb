import type { Fault } from '../fault.ts'

/** Far below the time after which it would cut off whoever is not answered yet. */
const stopLimitMs = 5000
const runtimes = ['deno', 'node', 'bun'] as const

export const apiRestarted: Fault = {
  name: 'api-restarted',
  what: 'SIGTERM to the API amid requests: it answers those that it took, then ends',
  count: 21,
  inTests: { tries: 3 },
  stage: { clients: 6, pauseMs: 0 },
  async attempt(world, n) {
    const startMs = performance.now()
    const code = await world.api.stop()
    world.measure('stop', performance.now() - startMs, stopLimitMs)
    if (code !== 0) throw new Error(`the API ended with ${code}`)
    await world.startApi(runtimes[(n + 1) % runtimes.length]!)
    await world.movesOn()
  },
}
