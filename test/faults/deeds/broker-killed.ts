import { setTimeout as wait } from 'node:timers/promises'
import type { Fault } from '../fault.ts'

export const brokerKilled: Fault = {
  name: 'broker-killed',
  what: 'kill -9 of the broker',
  count: 10,
  inTests: { tries: 1, always: true },
  async attempt(world) {
    const { kafka } = world.servers
    await kafka.kill('SIGKILL')
    await wait(world.random.between(0, 2000))
    await kafka.restart()
    // The group's members find each other anew: this takes what a session takes, or less.
    world.measure('recovery', await world.movesOn())
  },
}
