import { setTimeout as wait } from 'node:timers/promises'
import { longestStandstillMs } from '../audit.ts'
import type { Fault } from '../fault.ts'
import { takeoverLimitMs } from '../limits.ts'

const everyMs = 5000
const [fewest, most] = [2, 5]
const runtimes = ['node', 'deno', 'bun'] as const

export const membershipChurn: Fault = {
  name: 'membership-churn',
  what: 'a member joins or leaves every 5 s: Node by confluent, Deno and Bun in one group',
  count: 60,
  stage: { shards: 6, workers: runtimes },
  async attempt(world) {
    const { random, workers } = world
    const startMs = Date.now()
    const joins = workers.length <= fewest || (workers.length < most && random.next() < 0.5)
    if (joins) await world.startWorker(random.pick(runtimes))
    else await world.stopWorker(random.pick(workers))
    await wait(Math.max(0, startMs + everyMs - Date.now()))
    const moves = await world.audit.moves(startMs)
    world.measure('standstill', longestStandstillMs(moves, startMs, Date.now()), takeoverLimitMs)
  },
  finish: (world) => world.isShared(),
}
