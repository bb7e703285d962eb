import { setTimeout as wait } from 'node:timers/promises'
import type { WriteOperation } from './write-operation.ts'

export interface Accepted {
  readonly job: string
  readonly receipt: string
}

export interface JobCounts {
  readonly job: string
  readonly state: string
  readonly accepted: number
  readonly applied: number
  readonly superseded: number
  readonly cancelled: number
  readonly failed: number
  readonly pending: number
}

/** An API that is away, or takes nothing, is asked again so soon. */
const againMs = 100
/** Longer than a publish may take. */
const answerLimitMs = 40_000
/** Receipts in one lookup. */
const lookupSize = 50

/**
 * A client of the API that goes on through whatever becomes of it: where nobody knows whether a request
 * was written, it sends the same one again under the same key.
 */
export class FaultClient {
  /** Requests that were sent again without anybody's word on what became of them. */
  repeated = 0
  readonly #url: string
  /** Is told of each answer that no client should get. */
  readonly #onProblem: (problem: string) => void

  constructor(url: string, onProblem: (problem: string) => void) {
    this.#url = url
    this.#onProblem = onProblem
  }

  /** Sends a request until it is accepted; undefined if it is given up. */
  async send(
    operations: readonly WriteOperation[],
    signal: AbortSignal,
  ): Promise<Accepted | undefined> {
    const key = crypto.randomUUID()
    while (!signal.aborted) {
      const accepted = await this.#attempt(key, operations)
      if (accepted) return accepted
      await wait(againMs)
    }
    return undefined
  }

  /** How far jobs are. Rejects while no API answers. */
  async lookUp(receipts: readonly string[]): Promise<JobCounts[]> {
    const jobs: JobCounts[] = []
    for (let i = 0; i < receipts.length; i += lookupSize) {
      const part = { receipts: receipts.slice(i, i + lookupSize) }
      const response = await this.#post('/v1/jobs/lookup', part)
      if (response.status !== 200) throw new Error(`the lookup was answered ${response.status}`)
      jobs.push(...((await response.json()) as { jobs: JobCounts[] }).jobs)
    }
    return jobs
  }

  /** Undefined if it is to be sent again. */
  async #attempt(
    key: string,
    operations: readonly WriteOperation[],
  ): Promise<Accepted | undefined> {
    let response: Response
    let body: Record<string, unknown>
    try {
      response = await this.#post('/v1/writes', { operations }, { 'idempotency-key': `"${key}"` })
      body = (await response.json()) as Record<string, unknown>
    } catch (error) {
      if (!isRefused(error)) this.repeated++
      return undefined
    }
    const { status } = response
    if (status === 202) return { job: String(body.job), receipt: String(body.receipt) }
    if (status === 503 && body.outcome === 'unknown') this.repeated++
    else if (!maySendAgain(status, body)) {
      this.#onProblem(`a request was answered ${status}: ${JSON.stringify(body)}`)
    }
    return undefined
  }

  #post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.#url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(answerLimitMs),
    })
  }
}

/** Nothing was written, or the one before is still being answered by an API that lost its client. */
function maySendAgain(status: number, body: Record<string, unknown>): boolean {
  return status === 409 || (status === 503 && body.outcome === 'none')
}

/** Whether the request surely never reached an API. */
function isRefused(error: unknown): boolean {
  const cause = (error as { cause?: { code?: string } }).cause
  return cause?.code === 'ECONNREFUSED'
}
