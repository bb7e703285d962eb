import { updateMark } from '../client-script.ts'
import type { Fault } from '../fault.ts'
import { recoveryLimitMs } from '../limits.ts'
import type { FaultWorker, FaultWorld } from '../world.ts'

interface Phase {
  readonly name: string
  /** What the worker's bytes hold then. */
  readonly text: (world: FaultWorld) => string
  /** Whether it comes only once the connection was cut before. */
  readonly onReconnect?: true
}

/** All of a window but its COMMIT. */
const phases: readonly Phase[] = [
  { name: 'login', text: () => 'program_name', onReconnect: true },
  { name: 'session settings', text: () => 'SET SESSION autocommit', onReconnect: true },
  { name: 'row taken over', text: () => '= CONNECTION_ID()', onReconnect: true },
  { name: 'fence', text: ({ deployment }) => `${deployment.prefix}.writes` },
  { name: 'savepoint', text: () => 'SAVEPOINT sluice' },
  { name: 'insert', text: () => 'INSERT INTO' },
  { name: 'update', text: () => updateMark },
  { name: 'failures', text: () => 'already_exists' },
]
const triesEach = 20

export const windowCut: Fault = {
  name: 'window-cut',
  what: `the connection cut in each other phase of a window: ${phases.map(({ name }) => name).join(', ')}`,
  count: triesEach * phases.length,
  inTests: { tries: phases.length, always: true },
  async attempt(world, n) {
    await cutAt(world, phases[n % phases.length]!, world.random.pick(world.workers))
    world.measure('standstill', await world.movesOn(), recoveryLimitMs)
  },
}

async function cutAt(world: FaultWorld, { text, onReconnect }: Phase, worker: FaultWorker) {
  const act = world.random.pick(['lose answer', 'cut behind it', 'lose packet'] as const)
  const done = world.onPacket(worker, text(world), act)
  if (onReconnect) worker.wire.cut()
  await done
}
