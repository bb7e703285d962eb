import type { AlertCode } from '../core/alerts.ts'
import { FailureCredit } from '../core/failure-credit.ts'
import { LogError } from '../core/log.ts'
import type { ShardId } from '../core/position.ts'
import { StoreError } from '../core/shard-store.ts'
import { BackOff } from './back-off.ts'
import type { ClaimOptions } from './claim.ts'
import { claimShard } from './claim.ts'
import { JobsFailingAlike } from './failing-alike.ts'
import { UnknownContent } from './inbox.ts'
import { runPartition } from './partition.ts'
import type { PartitionLimits, PartitionOptions } from './partition-options.ts'

export interface ShardRunOptions extends ClaimOptions, Omit<PartitionOptions, 'credit'> {
  /**
   * Tells the world of a new claim: from then on nobody takes what an owner before says for what
   * counts. Never rejects, and takes a second at most.
   */
  announce(): Promise<void>
  readonly limits: PartitionLimits & FailureLimits & { readonly stoppedRetryMs: number }
}

export interface FailureLimits {
  /** Failures that a job may have before any of its operations applied. */
  readonly failureCredit: number
  /** Jobs that stop a shard by failing alike beyond their credit; 0 is never. */
  readonly failingAlikeJobs: number
}

const firstBackOffMs = 200
/** Work goes on within 5 s once the cause is gone. */
const mostBackOffMs = 4_000

/**
 * Claims a shard and applies its partition, again and again through whatever goes wrong, until the
 * signal aborts (`stopped`) or another owner has it (`lost`). Never rejects.
 */
export async function runShard(
  shard: ShardId,
  options: ShardRunOptions,
  signal: AbortSignal,
): Promise<'stopped' | 'lost'> {
  const { clock, report, limits } = options
  const credit = new FailureCredit({
    operations: limits.failureCredit,
    jobs: limits.failingAlikeJobs,
  })
  const backOff = new BackOff(firstBackOffMs, mostBackOffMs)
  let alerted: string | undefined
  while (!signal.aborted) {
    try {
      return await claimAndRun(shard, { ...options, credit }, signal, () => backOff.reset())
    } catch (error) {
      if (canWait(error)) {
        report.because('backing_off', (error as Error).message)
        await clock.sleep(backOff.nextMs(), signal)
        continue
      }
      const { code, message } = toldOf(error)
      report.because('stopped', message)
      // One alert per cause, until the shard moves; it looks again by itself.
      const { offset, operation } = report.position ?? { offset: -1, operation: 0 }
      const cause = `${offset}.${operation} ${message}`
      if (alerted !== cause) {
        options.alerts.raise({ shard, code, message })
        if (code === 'shard_crashed') options.reportError(`shard ${shard}`, error)
      }
      alerted = cause
      await clock.sleep(limits.stoppedRetryMs, signal)
    }
  }
  return 'stopped'
}

async function claimAndRun(
  shard: ShardId,
  options: ClaimOptions & PartitionOptions & Pick<ShardRunOptions, 'announce'>,
  signal: AbortSignal,
  onClaimed: () => void,
): Promise<'stopped' | 'lost'> {
  options.report.because('starting')
  const session = await claimShard(shard, options)
  try {
    options.report.claimed(session.claimedAtMs, session.position)
    // Before control is read: whoever owned the shard may know of cancels that come between.
    await options.announce()
    // Whoever owned the shard before may have known of more than this worker does.
    await options.control.catchUp()
    onClaimed()
    return await runPartition(session, options, signal)
  } finally {
    await session.close()
  }
}

/** Whether time alone may mend it. */
function canWait(error: unknown): boolean {
  if (error instanceof StoreError) return error.action !== 'stop'
  return error instanceof LogError && error.canRetry
}

/** What people are told of an error that stops the shard; all but those named here are mistakes. */
function toldOf(error: unknown): { code: AlertCode; message: string } {
  const code = codeOf(error)
  if (code) return { code, message: (error as Error).message }
  // Its message may hold a value.
  const name = error instanceof Error ? error.name : typeof error
  const message = `an unexpected ${name}: the worker's standard error has its stack`
  return { code: 'shard_crashed', message }
}

function codeOf(error: unknown): AlertCode | undefined {
  if (error instanceof JobsFailingAlike) return 'shard_stopped_failing_alike'
  if (error instanceof UnknownContent) return 'shard_stopped_unknown_content'
  if (error instanceof StoreError) return 'shard_stopped_database'
  if (!(error instanceof LogError)) return undefined
  switch (error.code) {
    case 'recreated':
    case 'out_of_range':
    case 'closed':
      return `shard_stopped_log_${error.code}`
    // The first is waited for; the others are of logs that can't be opened, which no shard ever meets.
    case 'unreachable':
    case 'locked':
    case 'not_migrated':
      return undefined
    default:
      return error.code satisfies never
  }
}
