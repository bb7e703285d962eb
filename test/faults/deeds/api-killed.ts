import type { Fault } from '../fault.ts'

const runtimes = ['deno', 'node', 'bun'] as const

export const apiKilled: Fault = {
  name: 'api-killed',
  what: 'kill -9 of the API, the requests that it left unanswered sent again under their keys',
  count: 20,
  inTests: { tries: 2 },
  // So that there are always some under way.
  stage: { clients: 6, pauseMs: 0 },
  async attempt(world, n) {
    await world.api.kill()
    await world.startApi(runtimes[(n + 1) % runtimes.length]!)
    await world.movesOn()
  },
  async finish(world) {
    const { repeated } = world.load.client
    world.count('sent again', repeated)
    if (repeated === 0) throw new Error('no request was left unanswered')
  },
}
