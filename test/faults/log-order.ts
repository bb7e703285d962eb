import { Buffer } from 'node:buffer'
import { hash } from '../../config/index.ts'
import type { WriteOperation } from './write-operation.ts'

export interface LoggedJob {
  readonly receipt: string
  /** On each shard no more than one message holds. */
  readonly operations: readonly WriteOperation[]
}

export interface Revision {
  readonly revision: number
  readonly text: string
}

const route = hash('userId')

/**
 * What must come of jobs that several clients sent at once, on the same keys: shard by shard, in the
 * order in which the receipts say that they were logged.
 */
export class LogOrder {
  readonly rows = new Map<string, Revision>()
  /** Of each job, in their order: code by index. */
  readonly failures: readonly Map<number, string>[]

  constructor(jobs: readonly LoggedJob[], shards: number) {
    this.failures = jobs.map(() => new Map())
    const places = jobs.flatMap(({ receipt }, job) =>
      placesIn(receipt).map(({ shard, first }) => ({ job, shard, first })),
    )
    for (const { job, shard } of places.toSorted((a, b) => a.first - b.first)) {
      for (const [index, operation] of jobs[job]!.operations.entries()) {
        if (route.shardOf(operation.object, shards) !== shard) continue
        const failure = this.#apply(operation)
        if (failure) this.failures[job]!.set(index, failure)
      }
    }
  }

  #apply({ op, object }: WriteOperation): string | undefined {
    const id = String(object.id)
    const revision = Number(object.revision)
    const row = this.rows.get(id)
    if (row && row.revision >= revision) return 'stale'
    if (op === 'delete') this.rows.delete(id)
    else this.rows.set(id, { revision, text: String(object.text) })
    return undefined
  }
}

/** A receipt is signed, not secret: `[version, job, tenant, log, at, [shard, first, …, …, …], …]`. */
function placesIn(receipt: string): { readonly shard: number; readonly first: number }[] {
  const payload = Buffer.from(receipt.split('.')[1]!, 'base64url').toString()
  const [, , , , , numbers] = JSON.parse(payload) as [...unknown[], number[]]
  return Array.from({ length: (numbers as number[]).length / 4 }, (_, i) => {
    const [shard, first] = (numbers as number[]).slice(4 * i, 4 * i + 2)
    return { shard: shard!, first: first! }
  })
}
