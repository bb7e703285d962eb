import type { Fault } from '../fault.ts'
import { recoveryLimitMs } from '../limits.ts'

/** The statement, not the isolation level of the session's settings. */
const commit = /COMMIT$/

export const commitCut: Fault = {
  name: 'commit-cut',
  what: 'the connection cut right after COMMIT was sent',
  count: 200,
  inTests: { tries: 10, always: true },
  async attempt(world) {
    // Some of them reach MySQL and some do not: only the shard's row knows.
    const act = world.random.pick(['lose answer', 'cut behind it', 'lose packet'] as const)
    await world.onPacket(world.random.pick(world.workers), commit, act)
    world.measure('standstill', await world.movesOn(), recoveryLimitMs)
  },
}

/** The server's answer is lost in a way that nobody tells: the watchdog must end it. */
export const commitUnanswered: Fault = {
  name: 'commit-unanswered',
  what: 'no answer to COMMIT, on a connection that stays open',
  count: 20,
  inTests: { tries: 1 },
  stage: { config: { worker: { statementTimeoutMs: 2000, lockWaitSeconds: 1 } } },
  async attempt(world) {
    await world.onPacket(world.random.pick(world.workers), commit, 'go silent')
    world.measure('standstill', await world.movesOn())
  },
}
