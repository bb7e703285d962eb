import type { ControlBoard, ControlFollower } from '../../core/log.ts'
import { LogError } from '../../core/log.ts'
import type { Offset } from '../../core/position.ts'
import { offset } from '../../core/position.ts'
import type { MemoryLog } from '../support/memory-log.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { World } from './world.ts'

const callMeanMs = 1
/** A follower asks at least this often. */
const pollMs = 400

type OnEntry = (key: string, value: string | undefined) => void

/** The control topic as one process sees it: what it has read, and how long ago. */
export function simulatedControl(
  log: MemoryLog,
  process: SimulatedProcess,
  world: World,
): ControlBoard {
  const reach = async () => {
    await world.waitAround(callMeanMs)
    if (!world.faults.happens('controlFailed')) return
    throw new LogError('unreachable', 'the control topic does not answer')
  }
  return {
    put: (key, value) =>
      process.call(async () => {
        await reach()
        return log.control.put(key, value)
      }),
    follow: (onEntry) => new SimulatedFollower(log, process, world, reach, onEntry),
  }
}

class SimulatedFollower implements ControlFollower {
  readonly #process: SimulatedProcess
  readonly #world: World
  readonly #reach: () => Promise<void>
  readonly #onEntry: OnEntry
  /** The topic itself tells at once; what it told waits here until the process reads it. */
  readonly #topic: ControlFollower
  #unread: Parameters<OnEntry>[] = []
  #next = offset(0)
  #readMs = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(
    log: MemoryLog,
    process: SimulatedProcess,
    world: World,
    reach: () => Promise<void>,
    onEntry: OnEntry,
  ) {
    this.#process = process
    this.#world = world
    this.#reach = reach
    this.#onEntry = onEntry
    this.#topic = log.control.follow((...entry) => this.#unread.push(entry))
    void this.#poll()
  }

  get next(): Offset {
    return this.#next
  }

  get ageMs(): number {
    return this.#world.clock.monotonicMs() - this.#readMs
  }

  async catchUp(): Promise<void> {
    const read = await this.#process.call(async () => {
      const askedMs = this.#world.clock.monotonicMs()
      await this.#reach()
      const answer = { askedMs, next: this.#topic.next, entries: this.#unread.splice(0) }
      await this.#world.waitAround(callMeanMs)
      return answer
    })
    for (const entry of read.entries) this.#onEntry(...entry)
    this.#next = offset(Math.max(this.#next, read.next))
    this.#readMs = Math.max(this.#readMs, read.askedMs)
  }

  close(): void {
    this.#isClosed = true
    this.#topic.close()
  }

  async #poll(): Promise<void> {
    while (!this.#isClosed) {
      await this.catchUp().catch(() => {})
      await this.#process.clock.sleep(pollMs)
    }
  }
}
