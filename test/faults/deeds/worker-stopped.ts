import { updateMark } from '../client-script.ts'
import type { Fault } from '../fault.ts'
import { takeoverLimitMs } from '../limits.ts'
import { OnlineQueries } from '../online-query.ts'
import type { FaultWorker, FaultWorld } from '../world.ts'

export const workerStopped: Fault = {
  name: 'worker-stopped',
  what: 'a worker stopped past its session and continued',
  count: 25,
  attempt: (world) => stopPastSession(world, async (victim) => victim.process.signal('SIGSTOP')),
}

export const workerStoppedInTransaction: Fault = {
  name: 'worker-stopped-inside',
  what: 'the same, inside its transaction, which holds locks meanwhile',
  count: 25,
  inTests: { tries: 1, always: true },
  attempt: (world) =>
    stopPastSession(world, async (victim) => {
      // The answer comes through this process, so the worker can't be past it yet.
      await world.onPacket(victim, updateMark, 'let through')
      victim.process.signal('SIGSTOP')
    }),
}

async function stopPastSession(
  world: FaultWorld,
  stop: (victim: FaultWorker) => Promise<void>,
): Promise<void> {
  const { deployment, load } = world
  const victim = world.random.pick(world.workers)
  const { process } = victim
  const shards = await world.shardsOf(victim)
  const online = new OnlineQueries(deployment.shardUrls, () => load.recent)
  try {
    await stop(victim)
    const sinceMs = Date.now()
    const took = await world.takenOver(shards, process.pid, sinceMs)
    world.measure('takeover', took, takeoverLimitMs)
  } finally {
    process.signal('SIGCONT')
    await online.stop()
  }
  world.measure('online query', online.longestMs, takeoverLimitMs)
  // The zombie finds out, and is a member like any other again.
  await world.isShared()
}
