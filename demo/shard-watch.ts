import { setTimeout as wait } from 'node:timers/promises'
import type { DemoClient, DemoShard } from './client.ts'

const everyMs = 1000

interface ShardPeak {
  limit: number | null
  statementRate: number
  backlogMessages: number
}

/** Looks at the shards while the demo runs, and remembers each one's highest rate and backlog. */
export class ShardWatch {
  readonly #peaks = new Map<number, ShardPeak>()
  readonly #abort = new AbortController()
  readonly #done: Promise<void>

  constructor(client: DemoClient) {
    this.#done = this.#watch(client)
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#done
  }

  describe(): string {
    const lines = [...this.#peaks].map(([shard, { limit, statementRate, backlogMessages }]) => {
      const rate = statementRate.toFixed(1).padStart(6)
      const backlog = String(backlogMessages).padStart(5)
      return `${String(shard).padStart(5)} ${rate} of ${limit ?? 'no limit'} statements/s ${backlog} messages`
    })
    return ['shard  highest rate over 10 s      longest backlog', ...lines].join('\n')
  }

  async #watch(client: DemoClient): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      const shards = await client.shards().catch(() => [])
      for (const shard of shards) this.#note(shard)
      await wait(everyMs, undefined, { signal }).catch(() => {})
    }
  }

  #note({ shard, statementsPerSecond, statementRate, backlogMessages }: DemoShard): void {
    const peak = this.#peaks.get(shard)
    this.#peaks.set(shard, {
      limit: statementsPerSecond ?? null,
      statementRate: Math.max(statementRate ?? 0, peak?.statementRate ?? 0),
      backlogMessages: Math.max(backlogMessages ?? 0, peak?.backlogMessages ?? 0),
    })
  }
}
