type Cell = string | number | null

/** A row of sluice_requests as it is read. */
type RequestRow = Readonly<Record<'tenant' | 'request_key' | 'digest' | 'done', string>> &
  Readonly<Record<'block' | 'published_at', number>>

export interface Answer {
  readonly rows: Record<string, Cell>[]
  readonly affectedRows: number
}

/** What Sluice's own tables hold besides the position. */
export class Records {
  /** Codes of sluice_failures by job and operation. */
  readonly failures: Map<string, Map<number, string>>
  /** Counts of sluice_outcomes by job. */
  readonly superseded: Map<string, number>
  readonly cancelled: Map<string, number>
  readonly #requests: Map<string, RequestRow>
  /** Of the failures, `[job,operation]`, those that were sent again. */
  readonly #retried: Set<string>

  constructor(copyOf?: Records) {
    this.failures = new Map(
      [...(copyOf?.failures ?? [])].map(([job, failures]) => [job, new Map(failures)]),
    )
    this.superseded = new Map(copyOf?.superseded)
    this.cancelled = new Map(copyOf?.cancelled)
    this.#retried = new Set(copyOf ? copyOf.#retried : [])
    this.#requests = copyOf ? new Map(copyOf.#requests) : new Map()
  }

  /** Runs a statement on these tables; undefined if the text is about something else. */
  run(sql: string, values: readonly Cell[]): Answer | undefined {
    const statement = statements.find(([text]) => sql.startsWith(text))
    if (!statement) return undefined
    const [, what] = statement
    const answer = this[what](values)
    return typeof answer === 'number'
      ? { rows: [], affectedRows: answer }
      : { rows: answer, affectedRows: 0 }
  }

  /** Failures that stand there already keep their reason, as the INSERT has it. */
  insertFailures([json]: readonly Cell[]): number {
    const rows: [job: string, operation: number, ...others: string[]][] = JSON.parse(String(json))
    for (const [job, operation, , , , code] of rows) {
      const failures = this.failures.get(job) ?? new Map<number, string>()
      this.failures.set(job, failures)
      if (!failures.has(operation)) failures.set(operation, code!)
    }
    return rows.length
  }

  deleteFailures([job]: readonly Cell[]): number {
    const deleted = this.failures.get(String(job))?.size ?? 0
    for (const operation of this.failures.get(String(job))?.keys() ?? []) {
      this.#retried.delete(JSON.stringify([job, operation]))
    }
    this.failures.delete(String(job))
    return deleted
  }

  selectRetried([json]: readonly Cell[]): Record<string, Cell>[] {
    const ids: [job: string, operation: number][] = JSON.parse(String(json))
    return ids.flatMap(([job, operation], i) => {
      if (!this.failures.get(job)?.has(operation)) return []
      return [{ n: i + 1, again: Number(this.#retried.has(JSON.stringify([job, operation]))) }]
    })
  }

  markRetried([json]: readonly Cell[]): number {
    const ids: unknown[] = JSON.parse(String(json))
    for (const id of ids) this.#retried.add(JSON.stringify(id))
    return ids.length
  }

  selectFirstFailures([json]: readonly Cell[]): Record<string, Cell>[] {
    const jobs: string[] = JSON.parse(String(json))
    return jobs.map((job, i) => {
      return { n: i + 1, operation: Math.min(...this.failures.get(job)!.keys()) }
    })
  }

  addCounts([json]: readonly Cell[]): number {
    const rows: [job: string, superseded: number, cancelled: number][] = JSON.parse(String(json))
    for (const [job, superseded, cancelled] of rows) {
      add(this.superseded, job, superseded)
      add(this.cancelled, job, cancelled)
    }
    return rows.length
  }

  deleteCounts([job]: readonly Cell[]): number {
    const counts = [this.superseded, this.cancelled].map((of) => of.delete(String(job)))
    return Number(counts.includes(true))
  }

  selectKnownJobs([json]: readonly Cell[]): Record<string, Cell>[] {
    const jobs: string[] = JSON.parse(String(json))
    const known = [this.failures, this.superseded, this.cancelled]
    return jobs.filter((job) => known.some((of) => of.has(job))).map((job) => ({ job }))
  }

  selectRequests([json]: readonly Cell[]): Record<string, Cell>[] {
    const ids: unknown[] = JSON.parse(String(json))
    return ids.flatMap((id) => this.#requests.get(JSON.stringify(id)) ?? [])
  }

  upsertRequests([json]: readonly Cell[]): number {
    const rows: [string, string, number, string, string, number][] = JSON.parse(String(json))
    for (const [tenant, request_key, block, digest, done, published_at] of rows) {
      const row = { tenant, request_key, block, digest, done, published_at }
      this.#requests.set(JSON.stringify([tenant, request_key, block]), row)
    }
    return rows.length
  }

  deleteOldRequests([before, most]: readonly Cell[]): number {
    const old = [...this.#requests]
      .filter(([, { published_at }]) => published_at < Number(before))
      .sort(([, a], [, b]) => a.published_at - b.published_at)
      .slice(0, Number(most))
    for (const [id] of old) this.#requests.delete(id)
    return old.length
  }
}

/** How the texts begin that Sluice sends, and what MySQL makes of them. */
const statements = [
  ['INSERT INTO `sluice_failures`', 'insertFailures'],
  ['DELETE FROM `sluice_failures` WHERE `sluice_failures`.`job` = ?', 'deleteFailures'],
  ['SELECT new.n AS n, failure.retried_at IS NOT NULL AS again', 'selectRetried'],
  ['UPDATE JSON_TABLE', 'markRetried'],
  ['SELECT new.n AS n, (SELECT MIN(', 'selectFirstFailures'],
  ['INSERT INTO `sluice_outcomes`', 'addCounts'],
  ['DELETE FROM `sluice_outcomes` WHERE `sluice_outcomes`.`job` = ?', 'deleteCounts'],
  ['SELECT new.job FROM JSON_TABLE', 'selectKnownJobs'],
  ['SELECT `sluice_requests`.`tenant`', 'selectRequests'],
  ['INSERT INTO `sluice_requests`', 'upsertRequests'],
  ['DELETE FROM `sluice_requests` WHERE `sluice_requests`.`published_at` < ?', 'deleteOldRequests'],
] as const

function add(counts: Map<string, number>, job: string, count: number): void {
  if (count > 0) counts.set(job, (counts.get(job) ?? 0) + count)
}
