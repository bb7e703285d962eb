import type { ShardMessage } from '../core/shard-batching.ts'

/** Where a request's messages wait until its last operation is known to be valid. */
export interface Outbox {
  /** How many messages it holds. */
  readonly messages: number
  add(messages: readonly ShardMessage[]): Promise<void>
  /** All messages in the order of adding, so many at a time as are published together. */
  groups(): AsyncIterable<readonly ShardMessage[]>
}

/** For a request whose body is held in memory anyway. */
export class MemoryOutbox implements Outbox {
  readonly #held: ShardMessage[] = []

  get messages(): number {
    return this.#held.length
  }

  async add(messages: readonly ShardMessage[]): Promise<void> {
    for (const message of messages) this.#held.push(message)
  }

  async *groups(): AsyncGenerator<readonly ShardMessage[]> {
    yield this.#held
  }
}
