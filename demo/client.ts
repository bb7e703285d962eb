import { setTimeout as wait } from 'node:timers/promises'
import type { DemoOperation } from './script.ts'

export interface DemoJob {
  readonly receipt: string
  /** Expected failures: code by operation index. */
  readonly expected: ReadonlyMap<number, string>
}

export interface DemoShard {
  readonly shard: number
  readonly backlogMessages: number
  readonly reason: string
  readonly statementsPerSecond: number | null
  readonly statementRate: number
}

interface JobState {
  readonly state: string
  readonly accepted: number
  readonly pending: number
}

/** Receipts in one lookup. */
const lookupSize = 50
const retryMs = 500

/** The demo's way into the HTTP API. */
export class DemoClient {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** Sends one request and gives its receipt. */
  async write(operations: readonly DemoOperation[]): Promise<string> {
    const response = await this.#post('/v1/writes', { operations })
    if (response.status !== 202) {
      throw new Error(`the API answered ${response.status}: ${await response.text()}`)
    }
    const { receipt } = (await response.json()) as { receipt: string }
    return receipt
  }

  /** Whether a request is refused as a whole. */
  async isRefused(operations: readonly unknown[]): Promise<boolean> {
    const response = await this.#post('/v1/writes', { operations })
    await response.body?.cancel()
    return response.status === 422
  }

  /** Waits until all jobs are done; tells how many operations are pending meanwhile. */
  async awaitJobs(
    jobs: readonly DemoJob[],
    onPending: (operations: number) => void,
  ): Promise<void> {
    for (let open = jobs; open.length > 0; ) {
      const states = await this.#lookup(open)
      onPending(states.reduce((sum, { pending }) => sum + pending, 0))
      open = open.filter((_, i) => !states[i]!.state.startsWith('done'))
      if (open.length > 0) await wait(retryMs)
    }
  }

  async failures(receipt: string): Promise<Map<number, string>> {
    const response = await fetch(`${this.#url}/v1/jobs/${receipt}/failures`)
    const lines = (await response.text()).split('\n').filter((line) => line !== '')
    const failures = lines.map((line) => JSON.parse(line) as { index: number; code: string })
    return new Map(failures.map(({ index, code }) => [index, code]))
  }

  async shards(): Promise<readonly DemoShard[]> {
    const response = await fetch(`${this.#url}/v1/shards`)
    const { shards } = (await response.json()) as { shards: DemoShard[] }
    return shards
  }

  async #lookup(jobs: readonly DemoJob[]): Promise<JobState[]> {
    const states: JobState[] = []
    for (let i = 0; i < jobs.length; i += lookupSize) {
      const receipts = jobs.slice(i, i + lookupSize).map(({ receipt }) => receipt)
      const response = await this.#post('/v1/jobs/lookup', { receipts })
      const body = (await response.json()) as { jobs: JobState[] }
      states.push(...body.jobs)
    }
    return states
  }

  #post(path: string, body: unknown): Promise<Response> {
    return fetch(this.#url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  }
}
