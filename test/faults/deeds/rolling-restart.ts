import type { Runtime } from '../../e2e/commands.ts'
import { longestStandstillMs } from '../audit.ts'
import type { Fault } from '../fault.ts'
import { takeoverLimitMs } from '../limits.ts'

/** A worker finishes its windows, which aim at 100 ms, and leaves the group. */
const stopLimitMs = 3000

/** SIGTERM to one worker after the other, each replaced before the next. */
export function rollingRestart(runtime: Runtime): Fault {
  return {
    name: `rolling-restart-${runtime}`,
    what: `three workers on ${runtime} restarted one after the other`,
    count: 4,
    // The usual deployment's, where time is short.
    ...(runtime === 'bun' && { inTests: { tries: 1 } }),
    stage: { shards: 6, workers: [runtime, runtime, runtime] },
    async attempt(world) {
      const startMs = Date.now()
      for (const worker of [...world.workers]) {
        world.measure('stop', await world.stopWorker(worker), stopLimitMs)
        await world.startWorker(runtime)
        await world.isShared()
      }
      const endMs = Date.now()
      const moves = await world.audit.moves(startMs)
      world.measure('standstill', longestStandstillMs(moves, startMs, endMs), takeoverLimitMs)
    },
  }
}
