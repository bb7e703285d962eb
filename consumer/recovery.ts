import type { AlertCode, Alerts } from '../core/alerts.ts'
import type { Clock } from '../core/clock.ts'
import { LogError } from '../core/log.ts'
import type { ShardId } from '../core/position.ts'
import { StoreError } from '../core/shard-store.ts'
import { IsolationTooLong } from './apply.ts'
import { BackOff } from './back-off.ts'
import { Bisection } from './bisection.ts'
import type { ShardHealth } from './shard-health.ts'
import type { ShardReport } from './shard-report.ts'
import { ProvedNothing } from './transact.ts'
import type { Suspects, Window } from './window.ts'

const firstBackOffMs = 100
/** Work goes on within 5 s once the cause is gone. */
const mostBackOffMs = 4_000

export interface RecoveryOptions {
  readonly clock: Clock
  readonly report: ShardReport
  readonly alerts: Alerts
  reportError(where: string, error: unknown): void
}

/** What a partition does about an error: asks for less, waits, tells somebody, or gives up. */
export class Recovery {
  readonly #shard: ShardId
  readonly #health: ShardHealth
  readonly #options: RecoveryOptions
  readonly #signal: AbortSignal
  readonly #backOff = new BackOff(firstBackOffMs, mostBackOffMs)
  readonly #bisection = new Bisection()
  #unknown: StoreError | undefined

  constructor(shard: ShardId, health: ShardHealth, options: RecoveryOptions, signal: AbortSignal) {
    this.#shard = shard
    this.#health = health
    this.#options = options
    this.#signal = signal
  }

  /** A window was applied. */
  applied(window: Window): void {
    this.#health.applied()
    this.#backOff.reset()
    this.#bisection.applied(window)
    this.#unknown = undefined
  }

  /** What the next window leaves out, to find out if others apply. */
  get suspects(): Suspects | undefined {
    const { suspects: count, provenType } = this.#bisection
    if (count === 0 || !this.#unknown) return undefined
    const { code } = this.#unknown
    const message = `the database refuses it with ${code}, which Sluice does not know`
    return { count, provenType, failure: { code: 'rejected', message } }
  }

  /**
   * After an error, with the window that it met, nothing of which took effect. Resolves when it is
   * time to go on; throws the error if only somebody else can mend it.
   */
  async after(error: unknown, window: Window | undefined): Promise<void> {
    if (error instanceof IsolationTooLong) return this.#shrink(window)
    if (error instanceof ProvedNothing) return await this.#leaveOutMore(error, window!)
    if (error instanceof StoreError) return await this.#afterStoreError(error, window)
    if (error instanceof LogError && error.canRetry) return await this.#waitAndRetry(error)
    throw error
  }

  async #afterStoreError(error: StoreError, window: Window | undefined): Promise<void> {
    const { action } = error
    switch (action) {
      case 'timeout':
        this.#shrink(window)
        return await this.#countTimeout(error)
      case 'unknown':
        this.#shrink(window)
        this.#tellOfUnknown(error)
        if (window && this.#bisection.failed(window)) throw everyOperationFails(error)
        return await this.#waitAndRetry(error)
      case 'too_large':
        // One operation that is too large by itself waits for a server that takes it.
        if (!window || window.plan.sources.length <= 1) throw needsLargerPackets(error)
        return this.#shrink(window)
      case 'unclear':
        // A COMMIT that never gets through may ask for too much at once.
        this.#shrink(window)
        return await this.#waitAndRetry(error)
      case 'retry':
      case 'back_off':
      case 'reconnect':
      case 'fenced':
        return await this.#waitAndRetry(error)
      case 'stop':
        throw error
      default:
        return action satisfies never
    }
  }

  /** As if the operation that did not run had failed as well. */
  async #leaveOutMore(error: ProvedNothing, window: Window): Promise<void> {
    if (this.#bisection.failed(window)) throw everyOperationFails(this.#unknown!)
    await this.#waitAndRetry(error)
  }

  #shrink(window: Window | undefined): void {
    if (window) this.#health.shrink(window.plan.sources.length)
  }

  async #waitAndRetry(error: Error): Promise<void> {
    const { report, clock } = this.#options
    report.because('backing_off', error.message)
    await clock.sleep(this.#backOff.nextMs(), this.#signal)
  }

  /** One timeout may be chance. After two in a row the shard is left alone for a while. */
  async #countTimeout(error: StoreError): Promise<void> {
    const { report, clock } = this.#options
    const isTripped = this.#health.timedOut()
    const waitMs = this.#health.waitMs()
    if (waitMs === 0) return
    const why = `two timeouts in a row (${error.message})`
    if (isTripped) {
      this.#alert('breaker_open', `${why}: no more for ${waitMs} ms, then one small window probes`)
    }
    report.because('tripped', why)
    await clock.sleep(waitMs, this.#signal)
  }

  /** Once until a window is applied. */
  #tellOfUnknown(error: StoreError): void {
    const isTold = this.#unknown !== undefined
    this.#unknown = error
    if (isTold) return
    if (error.cause !== undefined) this.#options.reportError(`shard ${this.#shard}`, error)
    const plan = 'it is tried again with fewer and fewer operations, to find whose it is'
    this.#alert('unknown_database_error', `${error.message}: ${plan}`)
  }

  #alert(code: AlertCode, message: string): void {
    this.#options.alerts.raise({ shard: this.#shard, code, message })
  }
}

function everyOperationFails({ code, message }: StoreError): StoreError {
  const what = 'operation after operation fails with an error that Sluice does not know'
  return new StoreError('stop', code, `${what}: ${message}; nothing of it is recorded`)
}

function needsLargerPackets({ code, message }: StoreError): StoreError {
  return new StoreError('stop', code, `${message}; one operation alone: raise max_allowed_packet`)
}
