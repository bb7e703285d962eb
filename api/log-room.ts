import type { Clock } from '../core/clock.ts'
import type { Headroom, Log } from '../core/log.ts'
import type { Budget } from './budget.ts'
import { withDeadline } from './deadline.ts'
import type { ApiLimits } from './limits.ts'
import { Problem } from './problem.ts'

/** The log is asked again once a figure is so old, beside the requests that go on with it. */
const askAgainMs = 5_000
/** A figure that is older says nothing any more; without one the log is written to until it is full. */
const maxAgeMs = 30_000

/** Below `minFreeBytes` nothing more is written. */
export interface Room extends Headroom {
  readonly minFreeBytes: number
}

/** A request's share of the room. */
export interface RoomForWrite extends Budget {
  /** From here on it may be written: it counts until a later figure shows it. */
  spend(): void
}

type RoomLimits = Pick<ApiLimits, 'minLogFreeBytes' | 'readTimeoutMs'>

/** What the log has room for, as far as it tells. It is asked only while there is something to write. */
export class LogRoom {
  readonly #log: Log
  readonly #clock: Clock
  readonly #limits: RoomLimits
  #known: { readonly headroom: Headroom | undefined; readonly atMs: number } | undefined
  #asking: Promise<void> | undefined
  #askedMs = Number.NEGATIVE_INFINITY
  /** What requests under way write. */
  #takenBytes = 0
  /** What was written since the figure that is known was asked for. */
  #writtenBytes = 0

  constructor(log: Log, clock: Clock, limits: RoomLimits) {
    this.#log = log
    this.#clock = clock
    this.#limits = limits
  }

  /** Rejects with a Problem where there is no room already. */
  async open(): Promise<RoomForWrite> {
    await this.look()
    let taken = 0
    let isSpent = false
    const room: RoomForWrite = {
      take: (bytes) => {
        this.#require(bytes)
        this.#takenBytes += bytes
        taken += bytes
      },
      spend: () => {
        isSpent = true
      },
      [Symbol.dispose]: () => {
        this.#takenBytes -= taken
        if (isSpent) this.#writtenBytes += taken
        taken = 0
      },
    }
    room.take(0)
    return room
  }

  /** The room as it was some seconds ago; undefined while nobody tells. Never rejects. */
  async look(): Promise<Room | undefined> {
    const nowMs = this.#clock.monotonicMs()
    if (!this.#asking && nowMs - this.#askedMs >= askAgainMs) {
      this.#askedMs = nowMs
      this.#asking = this.#ask().finally(() => {
        this.#asking = undefined
      })
    }
    if (!this.#isRecent) await this.#asking
    return this.#room()
  }

  #require(bytes: number): void {
    const room = this.#room()
    if (!room) return
    const left = room.freeBytes - this.#writtenBytes - this.#takenBytes - bytes
    if (left < room.minFreeBytes) throw logFull(room)
  }

  #room(): Room | undefined {
    const headroom = this.#isRecent ? this.#known?.headroom : undefined
    if (!headroom) return undefined
    const { minLogFreeBytes = defaultMinFreeBytes(headroom) } = this.#limits
    return { ...headroom, minFreeBytes: minLogFreeBytes }
  }

  get #isRecent(): boolean {
    return this.#known !== undefined && this.#clock.monotonicMs() - this.#known.atMs < maxAgeMs
  }

  async #ask(): Promise<void> {
    const atMs = this.#clock.monotonicMs()
    const writtenBytes = this.#writtenBytes
    try {
      const { readTimeoutMs } = this.#limits
      const headroom = await withDeadline(this.#clock, readTimeoutMs, this.#log.headroom())
      this.#known = { headroom, atMs }
      this.#writtenBytes -= writtenBytes
    } catch {
      // A log that does not answer says so when it is written to.
    }
  }
}

/** What others may write while a figure gets old. On a small disk less, or nothing would ever fit. */
function defaultMinFreeBytes({ totalBytes }: Headroom): number {
  return Math.min(1024 ** 3, Math.floor(totalBytes / 10))
}

function logFull({ freeBytes, minFreeBytes }: Room): Problem {
  const detail = `The log has room for ${mebibytes(freeBytes)} MiB, of which ${mebibytes(minFreeBytes)} MiB are kept free: this does not fit now. Nothing was written: send it again once there is room.`
  return new Problem('log-full', detail, {
    extensions: { outcome: 'none' },
    headers: { 'retry-after': '60' },
  })
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / (1024 * 1024))
}
