import type { Offset, ShardId } from '../core/position.ts'

/** Only lag monitors read the group's offsets: once a second is often enough. */
const reportIntervalMs = 1000

/** Gathers the offsets that members report, and sends the newest of each shard on, together. */
export class OffsetReports {
  readonly #send: (offsets: ReadonlyMap<ShardId, Offset>) => Promise<void>
  #waiting = new Map<ShardId, Offset>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(send: (offsets: ReadonlyMap<ShardId, Offset>) => Promise<void>) {
    this.#send = send
  }

  report(shard: ShardId, next: Offset): void {
    this.#waiting.set(shard, next)
    this.#timer ??= setTimeout(() => void this.flush(), reportIntervalMs)
  }

  /** A report that can't be sent is dropped: a newer one follows, and the shard's row decides. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.size === 0) return
    const offsets = this.#waiting
    this.#waiting = new Map()
    await this.#send(offsets).catch(() => undefined)
  }
}
