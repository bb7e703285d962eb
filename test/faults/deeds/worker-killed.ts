import type { Fault } from '../fault.ts'
import { takeoverLimitMs } from '../limits.ts'

export const workerKilled: Fault = {
  name: 'worker-killed',
  what: 'kill -9 of a worker',
  count: 20,
  inTests: { tries: 1 },
  async attempt(world) {
    const victim = world.random.pick(world.workers)
    const shards = await world.shardsOf(victim)
    const sinceMs = Date.now()
    await victim.process.kill()
    world.forget(victim)
    const took = await world.takenOver(shards, victim.process.pid, sinceMs)
    world.measure('takeover', took, takeoverLimitMs)
    await world.startWorker(world.random.pick(['node', 'bun', 'deno']))
    await world.isShared()
  },
}
