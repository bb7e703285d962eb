import type { Clock } from '../core/clock.ts'
import type { StatusBoard } from '../core/log.ts'
import type { ShardId } from '../core/position.ts'
import { parseStatus, type ShardStatus } from '../core/shard-status.ts'
import type { ShardReport } from './shard-report.ts'

/** Statuses go out this often; those of shards that stand still only every fifth time. */
const publishEveryMs = 1000
const unchangedEvery = 5

/** Tells everyone about once a second how this worker's shards are. */
export class StatusPublisher {
  readonly #board: StatusBoard
  readonly #clock: Clock
  readonly #reports: () => ReadonlyMap<ShardId, ShardReport>
  readonly #abort = new AbortController()
  #pause = new AbortController()
  readonly #done: Promise<void>
  readonly #published = new Map<ShardId, { readonly text: string; round: number }>()
  #round = 0

  constructor(board: StatusBoard, clock: Clock, reports: () => ReadonlyMap<ShardId, ShardReport>) {
    this.#board = board
    this.#clock = clock
    this.#reports = reports
    this.#done = this.#loop()
  }

  /** Publishes what changed without waiting for the next round. */
  publishSoon(): void {
    this.#pause.abort()
  }

  /** Publishes one shard's. Never rejects, and waits no longer than for a round. */
  async publishNow(shard: ShardId, report: ShardReport): Promise<void> {
    const isPublished = new AbortController()
    const published = this.#publish(shard, report).catch(() => {})
    await Promise.race([published, this.#clock.sleep(publishEveryMs, isPublished.signal)])
    isPublished.abort()
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    this.#pause.abort()
    await this.#done
  }

  async #loop(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      await this.#clock.sleep(publishEveryMs, this.#pause.signal)
      if (!this.#abort.signal.aborted) this.#pause = new AbortController()
      this.#round++
      // A status that can't be told now is told by the next round; readers see its age.
      await Promise.allSettled([...this.#reports()].map((entry) => this.#publish(...entry)))
    }
  }

  async #publish(shard: ShardId, report: ShardReport): Promise<void> {
    const status = report.status() ?? (await this.#unclaimed(shard, report))
    if (!status) return
    const text = JSON.stringify({ ...status, updatedAtMs: 0 })
    const last = this.#published.get(shard)
    if (last?.text === text && this.#round - last.round < unchangedEvery) return
    await this.#board.put(shard, JSON.stringify(status))
    this.#published.set(shard, { text, round: this.#round })
  }

  /** A shard that can't be claimed says why, over what its last worker published. */
  async #unclaimed(shard: ShardId, report: ShardReport): Promise<ShardStatus | undefined> {
    const text = (await this.#board.read()).get(shard)
    const last = text === undefined ? undefined : parseStatus(text)
    return last && report.statusAfter(last)
  }
}
