import type { JobStore } from '../core/job-store.ts'
import type { ShardId } from '../core/position.ts'
import type { Receipt } from '../core/receipt.ts'
import { StoreError } from '../core/shard-store.ts'
import type { ApiOptions } from './api-options.ts'
import type { KnownCancels } from './cancelled.ts'
import { DeadlineError, withDeadline } from './deadline.ts'
import type { JobView, ShardRead } from './job-view.ts'
import { viewJob } from './job-view.ts'
import type { ApiLimits } from './limits.ts'
import type { ShardBoard } from './shard-board.ts'

/** Reads how far jobs are: one read per shard for all of them, a bounded number at one time. */
export class JobReader {
  readonly #jobs: JobStore
  readonly #board: ShardBoard
  readonly #limits: ApiLimits
  readonly #cancels: KnownCancels
  readonly #options: ApiOptions

  constructor(
    jobs: JobStore,
    options: ApiOptions,
    limits: ApiLimits,
    board: ShardBoard,
    cancels: KnownCancels,
  ) {
    this.#cancels = cancels
    this.#jobs = jobs
    this.#options = options
    this.#limits = limits
    this.#board = board
  }

  async read(receipts: readonly Receipt[]): Promise<JobView[]> {
    const jobsByShard = new Map<ShardId, string[]>()
    for (const { job, shards } of receipts) {
      for (const { shard } of shards) {
        const jobs = jobsByShard.get(shard)
        if (jobs) jobs.push(job)
        else jobsByShard.set(shard, [job])
      }
    }
    const [reads, board, cancelled] = await Promise.all([
      this.#readShards(jobsByShard),
      this.#board.viewIfAny(),
      this.#cancels.readIfAny(),
    ])
    return receipts.map((receipt) => viewJob(receipt, reads, board, cancelled))
  }

  async #readShards(
    jobsByShard: ReadonlyMap<ShardId, readonly string[]>,
  ): Promise<ReadonlyMap<ShardId, ShardRead>> {
    const reads = new Map<ShardId, ShardRead>()
    const shards = jobsByShard.entries()
    const readNext = async (): Promise<void> => {
      for (const [shard, jobs] of shards) reads.set(shard, await this.#readShard(shard, jobs))
    }
    // The readers share one iterator, so each shard is read once.
    await Promise.all(Array.from({ length: this.#limits.shardReads }, readNext))
    return reads
  }

  async #readShard(shard: ShardId, jobs: readonly string[]): Promise<ShardRead> {
    const { clock, reportError } = this.#options
    try {
      const reading = this.#jobs.progress(shard, [...new Set(jobs)])
      return { progress: await withDeadline(clock, this.#limits.readTimeoutMs, reading) }
    } catch (error) {
      reportError(`progress of shard ${shard}`, error)
      return { error: whyUnread(error) }
    }
  }
}

/** Only errors whose messages are made for people are shown. */
export function whyUnread(error: unknown): string {
  const known = error instanceof StoreError || error instanceof DeadlineError
  return `the shard can't be read: ${known ? error.message : 'an unexpected error, see the API log'}`
}
