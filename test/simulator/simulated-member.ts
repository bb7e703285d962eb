import type { Assignment, Membership } from '../../core/log.ts'
import { LogError } from '../../core/log.ts'
import type { Offset, ShardId } from '../../core/position.ts'
import { MemoryMember } from '../support/memory-group.ts'
import type { MemoryLog } from '../support/memory-log.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { World } from './world.ts'

/** A member that says nothing for so long is taken for dead. */
const sessionMs = 6_000
/** How long a member takes to hear what the group decided. */
const heartbeatMeanMs = 200
const lateHeartbeatMeanMs = 5_000
const rejoinMeanMs = 500

/**
 * A process's place in the group. The group goes on without a member that is dead or stands still;
 * one that wakes up learns only then that it was left out, and joins again by itself.
 */
export class SimulatedMember implements Membership {
  readonly #member: MemoryMember
  readonly #log: MemoryLog
  readonly #process: SimulatedProcess
  readonly #world: World
  #hasLeft = false

  constructor(log: MemoryLog, process: SimulatedProcess, world: World) {
    this.#log = log
    this.#process = process
    this.#world = world
    this.#member = new MemoryMember(log.group)
    process.whenDead(() => world.after(sessionMs, () => this.#expel()))
    process.whenPaused((ms) => {
      if (ms <= sessionMs) return
      world.after(sessionMs, () => this.#expel())
      world.after(ms, () => this.#comeBack())
    })
  }

  next(seen: number): Promise<Assignment | undefined> {
    return this.#process.call(async () => {
      await this.#member.next(seen)
      const { faults } = this.#world
      const isLate = faults.happens('lateAssignment')
      await this.#world.waitAround(isLate ? lateHeartbeatMeanMs : heartbeatMeanMs)
      // What was decided meanwhile is what it hears.
      const assignment = await this.#member.next(seen)
      this.#process.note(
        assignment
          ? `has shards ${assignment.shards.join(' ') || 'none'} in generation ${assignment.generation}`
          : 'has left',
      )
      return assignment
    })
  }

  rejoin(): Promise<void> {
    return this.#process.call(async () => {
      this.#process.note('joins again')
      await this.#world.waitAround(rejoinMeanMs)
      if (this.#world.faults.happens('rejoinFailed')) {
        throw new LogError('unreachable', 'the group does not answer')
      }
      await this.#member.rejoin()
    })
  }

  commit(shard: ShardId, next: Offset): Promise<void> {
    return this.#process.call(() => this.#member.commit(shard, next))
  }

  leave(): Promise<void> {
    return this.#process.call(async () => {
      this.#hasLeft = true
      await this.#member.leave()
    })
  }

  #expel(): void {
    if (this.#hasLeft) return
    this.#world.faults.count('expelled from the group')
    this.#world.trace.note('group', `goes on without ${this.#process.name}`)
    this.#log.group.cutOff(this.#member)
  }

  #comeBack(): void {
    if (this.#process.isDead || this.#hasLeft) return
    this.#member.lose()
    this.#world.after(this.#world.random.aroundMs(rejoinMeanMs), () => {
      if (!this.#process.isDead && !this.#hasLeft) this.#log.group.join(this.#member)
    })
  }
}
