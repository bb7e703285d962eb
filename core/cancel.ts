import { behind, comparePositions, type Offset, type Position, type ShardId } from './position.ts'

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
  /** More than one of a shard where the job was sent and cancelled again. */
  readonly stretches: readonly CancelledStretch[]
}

/** What of a job is cancelled on one shard. */
export interface CancelledStretch {
  readonly shard: ShardId
  /**
   * Where the shard stood. What lies before was applied, and stays so where the shard is restored to
   * an earlier state and applies it again.
   */
  readonly from: Position
  /** The job's last message. What comes behind it under the same job was sent later. */
  readonly last: Offset
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
  const { version, job, tenant, logId, stretches } = value as Record<keyof Cancel, unknown>
  const areTexts = [job, tenant, logId].every((text) => typeof text === 'string')
  return version === 1 && areTexts && Array.isArray(stretches) && stretches.every(isStretch)
}

function isStretch(value: CancelledStretch | null): boolean {
  const { shard, from, last } = value ?? {}
  return [shard, last, from?.offset, from?.operation].every(Number.isSafeInteger)
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
    const stretches = this.#jobs.get(job)?.stretches ?? []
    return stretches.some(
      (of) =>
        of.shard === shard &&
        comparePositions(end, of.from) > 0 &&
        comparePositions(end, behind(of.last)) <= 0,
    )
  }
}
