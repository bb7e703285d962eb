import type { StatusBoard } from '../core/log.ts'
import { type ShardId, shardId } from '../core/position.ts'
import type { KafkaCompactedTopic } from './kafka-compacted-topic.ts'

/** How old what `read` returns may be. */
const maxAgeMs = 1500

/** Each shard's last status by its number. */
export class KafkaStatusBoard implements StatusBoard {
  readonly #topic: KafkaCompactedTopic

  constructor(topic: KafkaCompactedTopic) {
    this.#topic = topic
  }

  async put(shard: ShardId, value: string): Promise<void> {
    await this.#topic.put(String(shard), value)
  }

  async read(): Promise<ReadonlyMap<ShardId, string>> {
    this.#topic.follow()
    await this.#topic.freshen(maxAgeMs)
    return new Map(Array.from(this.#topic.entries, ([key, value]) => [shardId(Number(key)), value]))
  }
}
