import type { FailedOperation, RowFailure } from './failure.ts'
import { type KeyedRequest, keyLifetimeMs } from './keyed-request.ts'
import type { Origin, Source } from './source.ts'

/** Operations of a request whose bits stand in one row. */
export const blockOperations = 1024
export const blockBytes = blockOperations / 8

/** Clocks of APIs may differ, and publishing takes time: a key is forgotten so much later. */
const forgetSlackMs = 60 * 60 * 1000

/** A row of `sluice_requests`: the operations of a keyed request from index 1,024 × block on. */
export interface BlockId {
  readonly tenant: string
  readonly key: string
  /**
   * Block 0 is there for each request that a shard has met, whatever operations of it are the
   * shard's: it says which body and which publish time count. Another block with another time is a
   * rest of an earlier use of the key.
   */
  readonly block: number
}

export interface RequestBlock extends BlockId {
  readonly digest: string
  readonly publishedAtMs: number
  /** A bit for each operation that is settled. */
  readonly done: Uint8Array
}

/** What a window does to the rows of keyed requests. */
export interface RequestChanges {
  readonly blocks: readonly RequestBlock[]
  /** What was published before is forgotten, so many rows at most. */
  readonly forget?: { readonly beforeMs: number; readonly rows: number }
}

export interface RequestVerdicts {
  /** Settled before, by another copy: they count for nothing. */
  readonly duplicates: ReadonlySet<Source>
  /** Their key stands for another body. */
  readonly reused: readonly FailedOperation[]
  /** Jobs that begin, or begin anew: what an earlier use of their key left under them is no longer true. */
  readonly begun: ReadonlySet<string>
  /** Operations of this window that belong to such an earlier use themselves. */
  readonly outdated: ReadonlySet<Source>
  readonly changes: RequestChanges
}

/** The rows that decide over operations, each once. */
export function blocksOf(sources: readonly Source[]): readonly BlockId[] {
  const requests = new Map<string, Map<number, BlockId>>()
  let origin: Origin | undefined
  let known = new Map<number, BlockId>()
  for (const source of sources) {
    const { keyed, tenant } = source.origin
    if (!keyed) continue
    const { key } = keyed
    // A message's operations stand together, and share their origin.
    if (source.origin !== origin) {
      origin = source.origin
      const id = requestId(tenant, key)
      known = requests.get(id) ?? new Map([[0, { tenant, key, block: 0 }]])
      requests.set(id, known)
    }
    const block = blockOf(source.operation.index)
    if (!known.has(block)) known.set(block, { tenant, key, block })
  }
  return [...requests.values()].flatMap((blocks) => [...blocks.values()])
}

/**
 * Decides which operations of keyed requests run, as if one came after the other: each takes effect
 * once, in whatever windows its copies stand. `sources` are all that a window settles, in log order;
 * `rows` are those of `blocksOf` that are there; `nowMs` is by the worker's clock.
 */
export function judgeRequests(
  sources: readonly Source[],
  rows: readonly RequestBlock[],
  nowMs: number,
): RequestVerdicts {
  const requests = requestsOf(rows)
  const duplicates = new Set<Source>()
  const reused: FailedOperation[] = []
  const begun = new Set<string>()
  const outdated = new Set<Source>()
  const met = new Set<string>()
  // An API whose clock is fast must not make all others' keys forgotten.
  let earliestMs = nowMs
  let origin: Origin | undefined
  let request: Request | undefined
  for (const [place, source] of sources.entries()) {
    const { tenant, keyed, job } = source.origin
    if (!keyed) continue
    if (!request || source.origin !== origin) {
      origin = source.origin
      earliestMs = Math.min(earliestMs, keyed.publishedAtMs)
      const id = requestId(tenant, keyed.key)
      request = requests.get(id) ?? new Request({ tenant, key: keyed.key })
      requests.set(id, request)
      if (request.isOver(keyed)) {
        request.begin(keyed)
        begun.add(job)
        const before = met.has(job) ? sources.slice(0, place) : []
        for (const earlier of before) if (earlier.origin.job === job) outdated.add(earlier)
      }
      met.add(job)
    }
    if (!request.isOf(keyed)) reused.push({ source, failure: keyReused })
    else if (!request.settle(source.operation.index)) duplicates.add(source)
  }
  const blocks = [...requests.values()].flatMap((request) => request.changed())
  const beforeMs = earliestMs - keyLifetimeMs - forgetSlackMs
  // As many as come and some more: so they get fewer wherever there are too many.
  const forget = begun.size > 0 && { forget: { beforeMs, rows: 2 * blocks.length + 100 } }
  return { duplicates, reused, begun, outdated, changes: { blocks, ...forget } }
}

const keyReused: RowFailure = {
  code: 'idempotency_key_reused',
  message:
    'another request was sent with the same Idempotency-Key less than 24 hours before: use a new key for each request',
}

/** One request as a shard knows it, while a window is judged. */
class Request {
  readonly #id: Omit<BlockId, 'block'>
  #head: Pick<RequestBlock, 'digest' | 'publishedAtMs'> | undefined
  readonly #done = new Map<number, Uint8Array>()
  readonly #changed = new Set<number>()

  constructor(id: Omit<BlockId, 'block'>) {
    this.#id = id
  }

  /** Takes what was read; block 0 comes first. */
  read({ block, digest, publishedAtMs, done }: RequestBlock): void {
    if (block === 0) this.#head = { digest, publishedAtMs }
    const { digest: current, publishedAtMs: sinceMs } = this.#head ?? {}
    if (digest === current && publishedAtMs === sinceMs) this.#done.set(block, done.slice())
  }

  /** Whether the key is free at the time of a copy. */
  isOver({ publishedAtMs }: KeyedRequest): boolean {
    return !this.#head || publishedAtMs - this.#head.publishedAtMs >= keyLifetimeMs
  }

  begin({ digest, publishedAtMs }: KeyedRequest): void {
    this.#head = { digest, publishedAtMs }
    this.#done.clear()
    this.#changed.clear()
    this.#change(0)
  }

  isOf({ digest }: KeyedRequest): boolean {
    return digest === this.#head?.digest
  }

  /** False if the operation is settled already. */
  settle(index: number): boolean {
    const block = blockOf(index)
    const byte = (index % blockOperations) >> 3
    const bit = 1 << (index & 7)
    if ((this.#done.get(block)?.[byte] ?? 0) & bit) return false
    this.#change(block)[byte]! |= bit
    return true
  }

  changed(): RequestBlock[] {
    return Array.from(this.#changed, (block) => ({
      ...{ ...this.#id, block, ...this.#head! },
      done: this.#done.get(block)!,
    }))
  }

  #change(block: number): Uint8Array {
    this.#changed.add(block)
    const done = this.#done.get(block) ?? new Uint8Array(blockBytes)
    this.#done.set(block, done)
    return done
  }
}

function requestsOf(rows: readonly RequestBlock[]): Map<string, Request> {
  const requests = new Map<string, Request>()
  for (const row of [...rows].sort((a, b) => a.block - b.block)) {
    const { tenant, key } = row
    const id = requestId(tenant, key)
    const request = requests.get(id) ?? new Request({ tenant, key })
    requests.set(id, request)
    request.read(row)
  }
  return requests
}

function blockOf(index: number): number {
  return Math.floor(index / blockOperations)
}

/** No key has a line break. */
function requestId(tenant: string, key: string): string {
  return `${key}\n${tenant}`
}
