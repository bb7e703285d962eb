import type { Clock } from '../../core/clock.ts'
import type { World } from './world.ts'

/** Stops at which most sessions have long run out, and some that hardly anybody notices. */
const pauseMeanMs = 8_000

/**
 * A worker's process. All that it does to the world, and all that it learns, goes through `call`:
 * there it may die, or stand still for a while. What it set in motion before goes on without it.
 */
export class SimulatedProcess {
  readonly name: string
  readonly clock: Clock
  readonly #world: World
  readonly #onDeath: (() => void)[] = []
  readonly #onPause: ((ms: number) => void)[] = []
  #isDead = false
  #resumed: Promise<void> | undefined

  constructor(name: string, world: World) {
    this.name = name
    this.#world = world
    const { clock } = world
    this.clock = {
      monotonicMs: () => clock.monotonicMs(),
      epochMs: () => world.epochMs(),
      sleep: (ms, signal) => this.call(() => clock.sleep(ms, signal)),
      turn: () => this.call(() => clock.turn()),
    }
  }

  get isDead(): boolean {
    return this.#isDead
  }

  get isPaused(): boolean {
    return this.#resumed !== undefined
  }

  whenDead(work: () => void): void {
    this.#onDeath.push(work)
  }

  whenPaused(work: (ms: number) => void): void {
    this.#onPause.push(work)
  }

  async call<T>(work: () => Promise<T>): Promise<T> {
    await this.#goOn()
    try {
      return await work()
    } finally {
      await this.#goOn()
    }
  }

  note(what: string): void {
    this.#world.trace.note(this.name, what)
  }

  die(): void {
    if (this.#isDead) return
    this.#isDead = true
    this.note('is killed')
    for (const work of this.#onDeath) work()
  }

  async #goOn(): Promise<void> {
    const { faults, random, clock } = this.#world
    if (!this.#isDead && faults.happens('crash')) this.die()
    if (!this.#isDead && !this.#resumed && faults.happens('pause')) {
      const ms = random.aroundMs(pauseMeanMs)
      this.note(`stands still for ${Math.round(ms)} ms`)
      for (const work of this.#onPause) work(ms)
      this.#resumed = clock.sleep(ms).then(() => {
        this.#resumed = undefined
        if (!this.#isDead) this.note('goes on')
      })
    }
    await this.#resumed
    if (this.#isDead) await new Promise<never>(() => {})
  }
}
