import type { PlanLimits } from '../core/plan.ts'
import type { Position } from '../core/position.ts'
import { samePosition } from '../core/position.ts'
import type { ShardSession, StoreError } from '../core/shard-store.ts'
import type { Source } from '../core/source.ts'
import { windowStatements } from '../core/window-limits.ts'
import type { AppliedWindow, OnSent } from './apply.ts'
import { JobsFailingAlike } from './failing-alike.ts'
import { IdleLook } from './idle-look.ts'
import type { Inbox } from './inbox.ts'
import { openInbox } from './open-inbox.ts'
import type { PartitionOptions } from './partition-options.ts'
import { Recovery } from './recovery.ts'
import { ShardHealth } from './shard-health.ts'
import { Throttle } from './throttle.ts'
import { type Done, type TransactOptions, transact } from './transact.ts'
import type { Window } from './window.ts'
import { cutWindow, cutWithout, operationsOf, outcomesOf, rowsOf } from './window.ts'
import { traceThrottleWait, traceWindow } from './window-tracing.ts'

/** An idle partition looks up from its wait this often, so that it stops soon when told to. */
const idleWaitMs = 250

/**
 * Applies a claimed shard's partition, window by window, until the signal aborts (`stopped`, the
 * window under way finished) or another owner has the shard (`lost`). Rejects with what only somebody
 * else can mend: a `StoreError` of action `stop`, a final `LogError`, `UnknownContent`.
 */
export async function runPartition(
  session: ShardSession,
  options: PartitionOptions,
  signal: AbortSignal,
): Promise<'stopped' | 'lost'> {
  const partition = new Partition(session, options, signal)
  try {
    return await partition.run()
  } finally {
    await partition.close()
  }
}

/** A window whose fate only the shard's row knows; `done` is what it did if it took effect. */
interface UnclearWindow {
  readonly window: Window
  readonly done: Done | undefined
  readonly error: StoreError
}

class Partition {
  readonly #session: ShardSession
  readonly #options: PartitionOptions
  readonly #signal: AbortSignal
  readonly #throttle: Throttle
  readonly #health: ShardHealth
  readonly #recovery: Recovery
  readonly #idleLook: IdleLook
  /** Where the shard stands. */
  #position: Position
  /** Where the next window to be cut begins. */
  #cursor: Position
  #inbox: Inbox | undefined
  /** The next window, cut while the one before it is applied. */
  #preparing: Promise<Window | undefined> | undefined
  #unclear: UnclearWindow | undefined

  constructor(session: ShardSession, options: PartitionOptions, signal: AbortSignal) {
    this.#session = session
    this.#options = options
    this.#signal = signal
    this.#throttle = new Throttle(options.rates, options.clock)
    this.#health = new ShardHealth(options.clock, options.limits.breakerWaitMs)
    this.#recovery = new Recovery(session.shard, this.#health, options, signal)
    this.#idleLook = new IdleLook(session, options.log, options.clock)
    this.#position = session.position
    this.#cursor = session.position
  }

  async run(): Promise<'stopped' | 'lost'> {
    while (!this.#signal.aborted) {
      let window: Window | undefined
      try {
        if ((await this.#clearUp()) === 'lost') return 'lost'
        this.#options.report.decided()
        window = await this.#pullWindow()
        if (window) await this.#process(window)
        else {
          const position = await this.#idleLook.look(this.#position)
          if (position === 'lost') return 'lost'
          if (!samePosition(position, this.#position)) await this.#moveTo(position)
        }
      } catch (error) {
        // Nothing of its window is left in the database, unless its COMMIT is unclear.
        if (!this.#unclear) this.#options.report.decided()
        await this.#restart()
        await this.#recovery.after(error, window)
      }
    }
    return 'stopped'
  }

  async close(): Promise<void> {
    await this.#preparing?.catch(() => {})
    // Whatever a reader that is given up has to say, it is read from anew.
    await this.#inbox?.close().catch(() => {})
  }

  async #process(window: Window): Promise<void> {
    await traceWindow(this.#session.shard, window, async () => {
      await this.#pay(window)
      if (this.#signal.aborted || !(await this.#takeSlot())) return
      const done = await this.#apply(window)
      if (done) this.#settle(window, done)
    })
  }

  /** Pull, merge and batch: the next window, or undefined if none came within the idle wait. */
  async #pullWindow(): Promise<Window | undefined> {
    const prepared = await this.#preparing
    this.#preparing = undefined
    if (prepared) return prepared
    const inbox = await this.#openInbox()
    if (inbox.isEmpty) this.#options.report.because('idle')
    // An operation behind the suspects may be a message away.
    const { suspects } = this.#recovery
    await inbox.fill(idleWaitMs, suspects && suspects.count + 1)
    return this.#cutWithoutSuspects(inbox) ?? this.#cut(inbox)
  }

  /** While MySQL works on one window, the next one is pulled, merged and batched. */
  #prepareNext(): void {
    this.#preparing = this.#prepare(this.#inbox!)
    // Its rejection is met where it is awaited; until then it must not count as unhandled.
    this.#preparing.catch(() => {})
  }

  async #prepare(inbox: Inbox): Promise<Window | undefined> {
    await inbox.fill(0)
    const window = await this.#cut(inbox)
    for (const statement of window?.plan.statements ?? []) {
      this.#session.prepare(statement)
      await this.#options.clock.turn()
    }
    return window
  }

  async #cut(inbox: Inbox): Promise<Window | undefined> {
    const window = await cutWindow(
      inbox,
      this.#cursor,
      this.#windowLimits(),
      this.#isCancelled,
      this.#options.clock,
    )
    if (window) this.#cursor = window.to
    return window
  }

  /** While operations are suspected of an unknown error: a window that shows whether others apply. */
  #cutWithoutSuspects(inbox: Inbox): Window | undefined {
    const { suspects } = this.#recovery
    const window =
      suspects && cutWithout(inbox, this.#cursor, this.#windowLimits(), this.#isCancelled, suspects)
    if (window) this.#cursor = window.to
    return window
  }

  readonly #isCancelled = (source: Source): boolean =>
    this.#options.control.isCancelled(this.#session.shard, source)

  #windowLimits(): PlanLimits {
    const { rates, limits } = this.#options
    const statements = windowStatements(rates.statementsPerSecond, limits.maxWindowStatements)
    return { ...this.#health.limits(statements), statementBytes: this.#session.statementBytes }
  }

  /** Throttle: no permit is awaited inside a transaction. */
  async #pay(window: Window): Promise<void> {
    const { rates, report } = this.#options
    report.because(Number.isFinite(rates.statementsPerSecond) ? 'limited' : 'applying')
    await traceThrottleWait(() =>
      this.#throttle.pay(window.plan.statements.length, rowsOf(window), this.#signal),
    )
  }

  /** Apply: undefined if the window's fate is unclear, or it was not begun. Its slot is free after. */
  async #apply(window: Window): Promise<Done | undefined> {
    const { limits, control, report } = this.#options
    const { maxIsolationStatements } = limits
    const paid = window.plan.statements.length
    const onSent: OnSent = (statement, sent) => {
      if (sent === 1) this.#prepareNext()
      // Isolation runs on credit. What it ran stays charged, whatever becomes of the window.
      if (sent > paid) this.#throttle.charge(1, statement.rows.length)
    }
    try {
      // What is desired may have changed while the window waited, or while this process stood still.
      await control.freshen(this.#session.shard, this.#signal)
      if (this.#signal.aborted) return undefined
      report.decides()
      const options: TransactOptions = {
        maxIsolationStatements,
        onSent,
        isCancelled: this.#isCancelled,
        nowMs: this.#options.clock.epochMs(),
        judge: (done) => this.#judge(done),
      }
      const result = await transact(this.#session, window, options)
      if (result.kind === 'applied') return result.done
      this.#unclear = { window, done: result.done, error: result.error }
      return undefined
    } finally {
      this.#options.slots.release()
    }
  }

  #judge({ admitted, applied }: Done): void {
    const alike = this.#options.credit.judge(outcomesOf(admitted, applied))
    if (alike) throw new JobsFailingAlike(alike)
  }

  /** Progress, rate, status; the group's offset follows, advisory. */
  #settle(window: Window, { admitted, applied }: Done): void {
    const { membership, report, credit } = this.#options
    this.#giveBack(window, admitted, applied)
    this.#position = admitted.to
    this.#recovery.applied(admitted)
    credit.settle(outcomesOf(admitted, applied))
    report.applied(admitted.to, applied.statements, operationsOf(admitted))
    membership.commit(this.#session.shard, admitted.to.offset).catch(() => {})
  }

  /** Of a request that was sent twice, the second copy takes nothing of the shard's rate. */
  #giveBack(window: Window, admitted: Window, { statements }: AppliedWindow): void {
    if (admitted.plan === window.plan) return
    const unsent = window.plan.statements.length - statements
    const rows = rowsOf(window) - rowsOf(admitted)
    this.#throttle.giveBack(Math.max(0, unsent), Math.max(0, rows))
  }

  /** Finds out where the shard stands after a window whose fate is unclear. */
  async #clearUp(): Promise<'lost' | undefined> {
    const unclear = this.#unclear
    if (!unclear) return undefined
    const position = await this.#session.settle()
    if (position === 'lost') return 'lost'
    this.#unclear = undefined
    const { window, done, error } = unclear
    if (done && samePosition(position, window.to)) {
      this.#settle(window, done)
      return undefined
    }
    await this.#moveTo(position)
    // Found where the window began or elsewhere, such as after a restore, it goes on from there.
    await this.#recovery.after(error, window)
    return undefined
  }

  /** The shard was found elsewhere than its windows left it: it goes on from there. */
  async #moveTo(position: Position): Promise<void> {
    this.#position = position
    this.#options.report.movedTo(position)
    await this.#restart()
  }

  /** False if the signal aborts first. */
  async #takeSlot(): Promise<boolean> {
    const { slots, report, limits, clock } = this.#options
    while (!slots.tryTake(this)) {
      report.because('worker_full')
      await clock.sleep(limits.fullWorkerBackOffMs, this.#signal)
      if (!this.#signal.aborted) continue
      slots.giveUp(this)
      return false
    }
    return true
  }

  async #openInbox(): Promise<Inbox> {
    if (this.#inbox) return this.#inbox
    const { log, types, checksum, limits } = this.#options
    const options = { types, checksum, pullSize: limits.pullSize }
    this.#inbox = await openInbox(log, this.#session.shard, this.#position, options)
    this.#cursor = this.#position
    return this.#inbox
  }

  /** Drops all that was pulled ahead and reads again from where the shard stands. */
  async #restart(): Promise<void> {
    await this.close()
    this.#preparing = undefined
    this.#inbox = undefined
  }
}
