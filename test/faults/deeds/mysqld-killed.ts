import { setTimeout as wait } from 'node:timers/promises'
import type { Fault } from '../fault.ts'
import { recoveryLimitMs } from '../limits.ts'

export const mysqldKilled: Fault = {
  name: 'mysqld-killed',
  what: 'kill -9 of mysqld',
  count: 10,
  inTests: { tries: 1 },
  async attempt(world) {
    const { mysql } = world.servers
    await mysql.kill('SIGKILL')
    await wait(world.random.between(0, 2000))
    await mysql.restart()
    world.measure('recovery', await world.movesOn(), recoveryLimitMs)
  },
}
