import type { ShardId } from '../../core/position.ts'
import type { ServerError } from './server-errors.ts'
import { ServerSession } from './server-session.ts'
import type { ShardState } from './shard-state.ts'
import type { World } from './world.ts'

/** How many committed states back a database may be put. */
const maxRestoredCommits = 12
/** How long it takes until a server is there again. */
const restartMeanMs = 1_500
const lastingTroubles = ['diskFull', 'readOnly', 'drift'] as const
const troubleMeanMs = 5_000

/** Told of each transaction that changed something, before anybody sees what it did. */
export type OnCommit = (session: ServerSession, before: ShardState, after: ShardState) => void

/**
 * One shard's MySQL as far as Sluice relies on it: sessions with a transaction each, the lock on the
 * shard's row of sluice_offsets, KILL, restarts, and a database that may be put back to an earlier
 * state. It knows nothing of Sluice's promises: those are what it is there to test.
 */
export class ModelMysql {
  readonly shard: ShardId
  readonly world: World
  readonly #onCommit: OnCommit
  readonly #sessions = new Map<string, ServerSession>()
  /** What was committed, oldest first; the last one holds. */
  readonly #states: ShardState[]
  #uuids = 1
  #nextId = 1
  #isUp = true
  #trouble: { readonly error: ServerError; readonly untilMs: number } | undefined
  #lockHolder: ServerSession | undefined
  #lockWaiters: { readonly session: ServerSession; readonly grant: AbortController }[] = []

  constructor(shard: ShardId, world: World, state: ShardState, onCommit: OnCommit) {
    this.shard = shard
    this.world = world
    this.#onCommit = onCommit
    this.#states = [state]
  }

  get uuid(): string {
    return `server-${this.shard}-${this.#uuids}`
  }

  get state(): ShardState {
    return this.#states.at(-1)!
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Why no statement gets through at present, such as a full disk. */
  trouble(): ServerError | undefined {
    const { faults, clock, random } = this.world
    const lasting = lastingTroubles.find((trouble) => faults.happens(trouble))
    if (lasting) {
      const untilMs = clock.monotonicMs() + random.aroundMs(troubleMeanMs)
      this.#trouble = { error: lasting, untilMs }
    }
    if (!this.#trouble || faults.areOver || clock.monotonicMs() > this.#trouble.untilMs) {
      this.#trouble = undefined
    }
    return this.#trouble?.error
  }

  /** Opens a session on behalf of a claim's epoch. */
  openSession(epoch: string): ServerSession {
    const session = new ServerSession(String(this.#nextId++), epoch, this)
    this.#sessions.set(session.id, session)
    return session
  }

  session(id: string): ServerSession | undefined {
    return this.#sessions.get(id)
  }

  commit(session: ServerSession, before: ShardState, after: ShardState): void {
    if (before !== this.state) {
      this.world.fail(`shard ${this.shard}: two transactions that write were open at one time`)
    }
    this.#onCommit(session, before, after)
    this.#states.push(after)
    if (this.#states.length > maxRestoredCommits) this.#states.shift()
  }

  /** True once the session holds the shard's row; false if the wait was too long. */
  async lockRow(session: ServerSession, waitMs: number): Promise<boolean> {
    if (this.lockRowIfFree(session)) return true
    const waiter = { session, grant: new AbortController() }
    this.#lockWaiters.push(waiter)
    await this.world.clock.sleep(waitMs, waiter.grant.signal)
    this.#lockWaiters = this.#lockWaiters.filter((other) => other !== waiter)
    return this.#lockHolder === session
  }

  lockRowIfFree(session: ServerSession): boolean {
    this.#lockHolder ??= session
    return this.#lockHolder === session
  }

  unlockRow(session: ServerSession): void {
    if (this.#lockHolder !== session) return
    const next = this.#lockWaiters.find((waiter) => !waiter.session.isEnded)
    this.#lockHolder = next?.session
    next?.grant.abort()
  }

  /** The session is gone, and what it had open with it. */
  forget(session: ServerSession): void {
    if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id)
    for (const waiter of this.#lockWaiters) if (waiter.session === session) waiter.grant.abort()
    this.unlockRow(session)
  }

  /** The same server again after a crash; connection numbers start anew. */
  restart(): void {
    this.#stop('restarts')
  }

  /** The database as it was some transactions ago. */
  restore(): void {
    this.#stop('is restored')
    this.#goBack()
  }

  /** Another server, which has not heard of the last transactions. */
  failOver(): void {
    this.#stop('fails over')
    this.#goBack()
    this.#uuids++
  }

  #goBack(): void {
    const commits = this.world.random.integer(0, this.#states.length - 1)
    this.#states.length -= commits
    this.world.trace.note(`mysql ${this.shard}`, `has lost ${commits} transactions`)
  }

  #stop(how: string): void {
    const { world } = this
    const ms = world.random.aroundMs(restartMeanMs)
    world.trace.note(`mysql ${this.shard}`, `${how}, back in ${Math.round(ms)} ms`)
    this.#isUp = false
    for (const session of [...this.#sessions.values()]) session.end()
    this.#nextId = 1
    world.after(ms, () => {
      this.#isUp = true
    })
  }
}
