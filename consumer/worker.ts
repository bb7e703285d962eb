import type { Alerts } from '../core/alerts.ts'
import type { Clock } from '../core/clock.ts'
import type { Assignment, Log, Membership } from '../core/log.ts'
import type { Checksum } from '../core/message.ts'
import type { ObjectType } from '../core/object-type.ts'
import type { ShardId } from '../core/position.ts'
import type { ShardStore } from '../core/shard-store.ts'
import { BackOff } from './back-off.ts'
import { WorkerControl } from './control.ts'
import { tidyControl } from './control-tidy.ts'
import { LogTrimmer } from './log-trimmer.ts'
import type { PartitionLimits } from './partition-options.ts'
import { ShardReport } from './shard-report.ts'
import { type FailureLimits, runShard } from './shard-run.ts'
import { StatusPublisher } from './status-publisher.ts'
import type { ShardRates } from './throttle.ts'
import { WindowSlots } from './window-slots.ts'

export interface WorkerLimits extends Omit<PartitionLimits, 'pullSize'>, FailureLimits {
  /** Windows that one process applies at once. */
  readonly maxConcurrentWindows: number
  /** How long a stopped shard waits before it looks whether somebody mended the cause. */
  readonly stoppedRetryMs: number
  /** How long what is applied stays in the log, from when it was applied. */
  readonly retainHours: number
}

export interface WorkerOptions {
  readonly log: Log
  readonly store: ShardStore
  readonly types: ReadonlyMap<string, ObjectType>
  readonly checksum: Checksum
  readonly clock: Clock
  readonly alerts: Alerts
  readonly limits: WorkerLimits
  readonly owner: string
  newEpoch(): string
  /** Tells whoever looks after the worker of a mistake in it, with its stack. */
  reportError(where: string, error: unknown): void
  shardLimits(shard: ShardId): ShardRates & Pick<PartitionLimits, 'pullSize'>
}

const firstRejoinMs = 200
const mostRejoinMs = 10_000

/** One process's share of the partitions: joins the group and runs every shard assigned to it. */
export interface Worker {
  /** Whether the group has told this worker which shards are its own. */
  readonly isAssigned: boolean
  /** The shards that this worker runs, and why each moves as it does. */
  readonly reports: ReadonlyMap<ShardId, ShardReport>
  /** Rejects if the group can't be followed any more. */
  readonly done: Promise<void>
  /** Finishes the windows under way, leaves the group, closes. */
  stop(): Promise<void>
}

export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const membership = await options.log.join()
  return new GroupMember(membership, options)
}

interface RunningShard {
  readonly report: ShardReport
  readonly abort: AbortController
  readonly done: Promise<void>
}

class GroupMember implements Worker {
  readonly done: Promise<void>
  readonly #membership: Membership
  readonly #options: WorkerOptions
  readonly #slots: WindowSlots
  readonly #status: StatusPublisher
  readonly #control: WorkerControl
  readonly #tidying: Promise<void>
  readonly #trimmer: LogTrimmer
  readonly #running = new Map<ShardId, RunningShard>()
  readonly #stopping = new AbortController()
  #generation = -1
  #lostShards = false
  #rejoining: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  constructor(membership: Membership, options: WorkerOptions) {
    this.#membership = membership
    this.#options = options
    this.#slots = new WindowSlots(options.limits.maxConcurrentWindows)
    this.#status = new StatusPublisher(options.log.status, options.clock, () => this.reports)
    this.#control = new WorkerControl({ ...options, tell: () => this.#status.publishSoon() })
    const { cancelled } = this.#control
    const runs = (shard: ShardId) => this.#running.has(shard)
    this.#tidying = tidyControl({ ...options, cancelled, runs }, this.#stopping.signal)
    this.#trimmer = new LogTrimmer({
      ...options,
      retainHours: options.limits.retainHours,
      reports: () => this.reports,
    })
    this.done = this.#follow()
  }

  get reports(): ReadonlyMap<ShardId, ShardReport> {
    return new Map([...this.#running].map(([shard, { report }]) => [shard, report]))
  }

  get isAssigned(): boolean {
    return this.#generation >= 0
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    // From here on no assignment starts a shard.
    this.#stopping.abort()
    await Promise.all([...this.#running.keys()].map((shard) => this.#release(shard)))
    await this.#status.stop()
    await this.#rejoining
    await this.#membership.leave()
    // Last, since what does not answer holds them up, and others wait for the shards.
    await this.#tidying
    this.#control.close()
    await this.#trimmer.stop()
    await this.done
  }

  /** Runs what is assigned, generation by generation, until the membership ends. */
  async #follow(): Promise<void> {
    for (;;) {
      const assignment = await this.#membership.next(this.#generation)
      if (!assignment || this.#stopping.signal.aborted) return
      this.#generation = assignment.generation
      this.#reassign(assignment)
    }
  }

  #reassign({ shards }: Assignment): void {
    for (const shard of this.#running.keys()) {
      if (!shards.includes(shard)) this.#release(shard)
    }
    for (const shard of shards) {
      const running = this.#running.get(shard)
      if (!running) this.#run(shard, undefined)
      // Given back while its last window still ends: a new claim comes after that.
      else if (running.abort.signal.aborted) this.#run(shard, running.done)
    }
  }

  #run(shard: ShardId, after: Promise<void> | undefined): void {
    const { clock, owner, log } = this.#options
    const abort = new AbortController()
    const { pullSize, ...rates } = this.#options.shardLimits(shard)
    const limit = rates.statementsPerSecond
    const report = new ShardReport(
      clock,
      {
        shard,
        owner,
        logId: log.logId,
        statementsPerSecond: Number.isFinite(limit) ? limit : null,
      },
      this.#control,
    )
    const context = {
      ...this.#options,
      limits: { ...this.#options.limits, pullSize },
      membership: this.#membership,
      slots: this.#slots,
      control: this.#control,
      report,
      rates,
      announce: () => this.#status.publishNow(shard, report),
    }
    const done = (after ?? Promise.resolve())
      .then(() => runShard(shard, context, abort.signal))
      .then((end) => {
        if (this.#running.get(shard)?.abort === abort) this.#running.delete(shard)
        // One that was given back is claimed in a newer generation anyhow.
        if (end === 'lost' && !abort.signal.aborted) this.#rejoin()
      })
    this.#running.set(shard, { report, abort, done })
  }

  async #release(shard: ShardId): Promise<void> {
    const running = this.#running.get(shard)
    running?.abort.abort()
    await running?.done
  }

  /** Another worker claimed a shard of ours: it is ours again only in a newer generation. */
  #rejoin(): void {
    this.#lostShards = true
    this.#rejoining ??= this.#rejoinWhileLost().finally(() => {
      this.#rejoining = undefined
    })
  }

  /** Also once more if a shard is lost meanwhile, and until the group answers. */
  async #rejoinWhileLost(): Promise<void> {
    const { signal } = this.#stopping
    const backOff = new BackOff(firstRejoinMs, mostRejoinMs)
    while (this.#lostShards && !signal.aborted) {
      this.#lostShards = false
      try {
        await this.#membership.rejoin()
      } catch {
        this.#lostShards = true
        await this.#options.clock.sleep(backOff.nextMs(), signal)
      }
    }
  }
}
