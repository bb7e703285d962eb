import { ManualClock } from '../support/manual-clock.ts'
import { Faults } from './faults.ts'
import { Random } from './random.ts'
import { Trace } from './trace.ts'

/** What all parts of a simulation share: time, chance, the trace, and the first promise broken. */
export class World {
  readonly clock = new ManualClock()
  readonly random: Random
  readonly faults: Faults
  readonly trace: Trace
  #problem: string | undefined
  #aheadMs = 0

  constructor(seed: number, print?: (line: string) => void) {
    this.random = new Random(seed)
    this.faults = new Faults(this.random)
    this.trace = new Trace(() => this.clock.monotonicMs(), print)
  }

  get problem(): string | undefined {
    return this.#problem
  }

  /** The wall clock of everybody, which jumps; nothing but times of people's may depend on it. */
  epochMs(): number {
    return Math.floor(this.clock.epochMs() + this.#aheadMs)
  }

  leapTime(ms: number): void {
    this.#aheadMs += ms
  }

  /** A promise is broken: the simulation fails. */
  fail(what: string): void {
    this.#problem ??= what
    this.trace.note('PROBLEM', what)
  }

  /** Lets a time pass that is mostly short and at times much longer. */
  async waitAround(meanMs: number): Promise<void> {
    await this.clock.sleep(this.random.aroundMs(meanMs))
  }

  /** Does something later, unless the simulation ends before. */
  after(ms: number, work: () => void): void {
    void this.clock.sleep(ms).then(work)
  }
}
