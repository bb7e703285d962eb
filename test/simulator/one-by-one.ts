import { keyLifetimeMs } from '../../core/keyed-request.ts'
import { applyAlone } from '../support/model-database.ts'
import type { ModelTables } from '../support/model-tables.ts'
import type { Entry, SentOperation } from './sent-log.ts'

/** What is known of a key: its request, and which of its operations are settled. */
interface KeyInUse {
  readonly digest: string
  readonly publishedAtMs: number
  readonly done: ReadonlySet<number>
}

/**
 * A shard to which the log is applied one operation after the other, by the design's text and nothing
 * else: what windows make of it must be the same.
 */
export class OneByOne {
  tables: ModelTables
  /** By job and operation. */
  readonly failures: Map<string, Map<number, string>>
  readonly cancelled: Map<string, number>
  /** By job, operations that a later one on the same object overwrote: more can't be superseded. */
  readonly overwritten: Map<string, number>
  readonly #keys: Map<string, KeyInUse>
  /** Failures that were sent again. */
  readonly #retried: Set<string>
  /** By object, the jobs whose last writes of it a later one may overwrite. */
  readonly #written = new Map<string, string>()
  readonly #logId: string

  constructor(logId: string, start: ModelTables | OneByOne) {
    this.#logId = logId
    const before = start instanceof OneByOne ? start : undefined
    this.tables = start instanceof OneByOne ? start.tables : start
    this.failures = new Map(
      [...(before?.failures ?? [])].map(([job, failures]) => [job, new Map(failures)]),
    )
    this.cancelled = new Map(before?.cancelled)
    this.overwritten = new Map(before?.overwritten)
    this.#retried = new Set(before ? before.#retried : [])
    this.#keys = before ? new Map(before.#keys) : new Map()
  }

  /** What all of these do, on top of what came before. */
  after(entries: readonly Entry[], isCancelled: (entry: SentOperation) => boolean): OneByOne {
    const next = new OneByOne(this.#logId, this)
    for (const entry of entries) {
      if (entry.kind === 'operation') next.#settle(entry, isCancelled(entry))
      else next.#fail(`log:${this.#logId}`, entry.at.offset, 'undecodable')
    }
    return next
  }

  #settle(entry: SentOperation, isCancelled: boolean): void {
    const { job, operation } = entry
    const verdict = this.#useKey(entry)
    switch (verdict === 'first' ? this.#useRetry(entry) : verdict) {
      case 'duplicate':
        return
      case 'reused':
        this.#fail(job, operation.index, 'idempotency_key_reused')
        return
      case 'gone':
        this.#fail(job, operation.index, 'failure_gone')
        return
      case 'first':
        if (isCancelled) addOne(this.cancelled, job)
        else this.#apply(entry)
    }
  }

  #useKey({ job, keyed, operation: { index } }: SentOperation): 'first' | 'duplicate' | 'reused' {
    if (!keyed) return 'first'
    const { key, digest, publishedAtMs } = keyed
    let use = this.#keys.get(key)
    if (!use || publishedAtMs - use.publishedAtMs >= keyLifetimeMs) {
      use = { digest, publishedAtMs, done: new Set() }
      this.#beginAnew(job)
      this.#keys.set(key, use)
    }
    if (use.digest !== digest) return 'reused'
    if (use.done.has(index)) return 'duplicate'
    this.#keys.set(key, { ...use, done: new Set([...use.done, index]) })
    return 'first'
  }

  /** Each failure is sent again once, whichever copy of it comes first. */
  #useRetry({ job, retryOf, operation: { index } }: SentOperation): 'first' | 'duplicate' | 'gone' {
    if (retryOf === undefined) return 'first'
    if (!this.failures.get(retryOf)?.has(index)) return 'gone'
    const failure = `${retryOf}/${index}`
    if (this.#retried.has(failure)) return 'duplicate'
    this.#retried.add(failure)
    if (index === Math.min(...this.failures.get(retryOf)!.keys())) this.#beginAnew(job)
    return 'first'
  }

  /** What an earlier use left under the same job is no longer true. */
  #beginAnew(job: string): void {
    for (const counts of [this.failures, this.cancelled, this.overwritten]) counts.delete(job)
    for (const failure of this.#retried) {
      if (failure.startsWith(`${job}/`)) this.#retried.delete(failure)
    }
  }

  #apply({ job, operation }: SentOperation): void {
    const { tables, outcome } = applyAlone(this.tables, operation)
    this.tables = tables
    if (outcome !== 'applied') {
      this.#fail(job, operation.index, outcome)
      return
    }
    const type = tables.typeNamed(operation.type)
    const object = [type.name, ...type.key.map((property) => operation.object[property])].join()
    const earlier = this.#written.get(object)
    if (earlier !== undefined) addOne(this.overwritten, earlier)
    this.#written.delete(object)
    const canBe = operation.kind === 'upsert' || operation.kind === 'update'
    if (canBe) this.#written.set(object, job)
  }

  #fail(job: string, operation: number, code: string): void {
    const failures = this.failures.get(job) ?? new Map<number, string>()
    this.failures.set(job, failures)
    if (!failures.has(operation)) failures.set(operation, code)
  }
}

function addOne(counts: Map<string, number>, job: string): void {
  counts.set(job, (counts.get(job) ?? 0) + 1)
}
