import { setTimeout as wait } from 'node:timers/promises'
import { DemoModel } from '../../demo/model.ts'
import type { DemoOperation } from '../../demo/script.ts'
import { FaultClient, type JobCounts } from './client.ts'
import { ClientScript } from './client-script.ts'
import { eventually } from './eventually.ts'
import type { Random } from './random.ts'
import type { WriteOperation } from './write-operation.ts'

/** A request that was accepted. */
export interface LoadJob {
  readonly job: string
  readonly receipt: string
  readonly operations: readonly WriteOperation[]
  /** Those that must fail: code by index. */
  readonly expected: ReadonlyMap<number, string>
}

export interface LoadOptions {
  readonly url: string
  readonly clients: number
  /** Between two requests of a client. */
  readonly pauseMs: number
  readonly random: Random
  readonly belowZero: boolean
}

/** Objects that were written to of late: online queries want the same ones. */
const recentIds = 200
/** Jobs are asked for their end so seldom that the asking does no harm. */
const lookEveryMs = 300

/** Clients that write all the time, and what must come of it. */
export class Load {
  readonly model = new DemoModel()
  readonly jobs: LoadJob[] = []
  /** Answers that no client should get. */
  readonly problems: string[] = []
  readonly client: FaultClient
  readonly #options: LoadOptions
  readonly #scripts: readonly ClientScript[]
  /** What was said of jobs once they were done: for good, so they are not asked for again. */
  readonly #done = new Map<string, JobCounts>()
  #recent: string[] = []
  /** Requests under way are not tried again. */
  readonly #givenUp = new AbortController()
  #abort = new AbortController()
  #running: Promise<unknown> = Promise.resolve()
  #isRunning = false

  constructor(options: LoadOptions) {
    this.#options = options
    this.client = new FaultClient(options.url, (problem) => this.problems.push(problem))
    this.#scripts = Array.from(
      { length: options.clients },
      (_, client) => new ClientScript(client, options.random.fork(), options.belowZero),
    )
  }

  /** Ids of pins, those last written to. */
  get recent(): readonly string[] {
    return this.#recent
  }

  start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#abort = new AbortController()
    this.#running = Promise.all(this.#scripts.map((script) => this.#write(script)))
  }

  /** Resolves when the requests under way are answered. */
  async pause(): Promise<void> {
    this.#isRunning = false
    this.#abort.abort()
    await this.#running
  }

  /** For a deployment that is given up: what is under way ends without an answer. */
  giveUp(): void {
    this.#abort.abort()
    this.#givenUp.abort()
  }

  /** How many operations were accepted. */
  get operations(): number {
    return this.jobs.reduce((sum, { operations }) => sum + operations.length, 0)
  }

  /** Waits until no job has anything pending; gives what the API says of each. */
  async settled(limitMs: number): Promise<ReadonlyMap<string, JobCounts>> {
    const done = this.#done
    await eventually(`${this.jobs.length} jobs are done`, limitMs, async () => {
      const open = this.jobs.filter(({ job }) => !done.has(job))
      // The last ones are done last: all are asked for only when these are.
      const asked = done.size === 0 ? open.slice(-this.#options.clients) : open
      const counts = await this.client.lookUp(asked.map(({ receipt }) => receipt)).catch(() => [])
      for (const one of counts) if (one.state.startsWith('done')) done.set(one.job, one)
      if (done.size < this.jobs.length) await wait(lookEveryMs)
      return done.size === this.jobs.length
    })
    return done
  }

  async #write(script: ClientScript): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      await this.#request(script.next())
      await wait(this.#options.pauseMs)
    }
  }

  /** Brings it to its end, else the model would not know what became of it. */
  async #request(operations: readonly DemoOperation[]): Promise<void> {
    const accepted = await this.client.send(operations, this.#givenUp.signal)
    if (!accepted) return
    const expected = new Map<number, string>()
    for (const [index, operation] of operations.entries()) {
      const failure = this.model.apply(operation)
      if (failure) expected.set(index, failure)
    }
    this.jobs.push({ ...accepted, operations, expected })
    const ids = operations.map(({ object }) => String(object.id))
    this.#recent = [...this.#recent, ...ids].slice(-recentIds)
  }
}
