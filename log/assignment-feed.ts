import type { Assignment } from '../core/log.ts'
import type { ShardId } from '../core/position.ts'

/** Hands a member's newest assignment to whoever waits for one; older ones are skipped. */
export class AssignmentFeed {
  #newest: Assignment = { generation: -1, shards: [] }
  #ended = false
  #changed = Promise.withResolvers<void>()

  /**
   * Generations must grow even where the group's own number starts anew, as Kafka's does once it has
   * forgotten an idle group.
   */
  publish(generation: number, shards: readonly ShardId[]): void {
    this.#newest = { generation: Math.max(generation, this.#newest.generation + 1), shards }
    this.#notify()
  }

  /** The member owns nothing until its next assignment. */
  publishLoss(): void {
    if (this.#newest.shards.length > 0) this.publish(0, [])
  }

  end(): void {
    this.#ended = true
    this.#notify()
  }

  async next(seen: number): Promise<Assignment | undefined> {
    while (!this.#ended && this.#newest.generation <= seen) await this.#changed.promise
    return this.#ended ? undefined : this.#newest
  }

  #notify(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}
