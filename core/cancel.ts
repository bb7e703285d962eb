import type { Position, ShardId } from './position.ts'

/**
 * A job that goes no further: what of it is not applied counts as cancelled. JSON in the control
 * topic under `cancel/<job>`.
 */
export interface Cancel {
  readonly version: 1
  readonly job: string
  readonly tenant: string
  /** The log in which the offsets count. */
  readonly logId: string
  /** Per shard the job's last message. What comes behind it under the same job was sent later. */
  readonly ends: readonly (readonly [shard: number, last: number])[]
}

const prefix = 'cancel/'

export function cancelKey(job: string): string {
  return prefix + job
}

function isCancelKey(key: string): boolean {
  return key.startsWith(prefix)
}

/** Undefined for what a later version wrote, or nobody knows. */
export function parseCancel(value: string): Cancel | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(value)
  } catch {
    return undefined
  }
  return isCancel(parsed) ? parsed : undefined
}

function isCancel(value: unknown): value is Cancel {
  if (typeof value !== 'object' || value === null) return false
  const { version, job, tenant, logId, ends } = value as Record<keyof Cancel, unknown>
  const areTexts = [job, tenant, logId].every((text) => typeof text === 'string')
  return version === 1 && areTexts && Array.isArray(ends) && ends.every(isEnd)
}

function isEnd(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger)
}

/** The cancelled jobs of one log, as the control topic tells of them. */
export class CancelledJobs {
  readonly #logId: string
  readonly #jobs = new Map<string, Cancel>()

  constructor(logId: string) {
    this.#logId = logId
  }

  /** In the order of cancelling. */
  get all(): Iterable<Cancel> {
    return this.#jobs.values()
  }

  get size(): number {
    return this.#jobs.size
  }

  get(job: string): Cancel | undefined {
    return this.#jobs.get(job)
  }

  /** Takes note of an entry of the control topic. False for one that is not known here. */
  note(key: string, value: string | undefined): boolean {
    if (!isCancelKey(key)) return false
    const job = key.slice(prefix.length)
    const cancel = value === undefined ? undefined : parseCancel(value)
    // One of another log says nothing of what stands in this one.
    if (cancel?.logId === this.#logId) this.#jobs.set(job, cancel)
    else this.#jobs.delete(job)
    return value === undefined || cancel !== undefined
  }

  /** Whether an operation of a job is cancelled; `end` is the position behind it. */
  covers(job: string, shard: ShardId, end: Position): boolean {
    const last = this.#jobs.get(job)?.ends.find(([of]) => of === shard)?.[1]
    if (last === undefined) return false
    // Behind a message's last operation stands the next message.
    return end.offset <= last || (end.offset === last + 1 && end.operation === 0)
  }
}
