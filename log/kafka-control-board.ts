import type { ControlBoard, ControlFollower } from '../core/log.ts'
import type { Offset } from '../core/position.ts'
import type { KafkaCompactedTopic, OnEntry } from './kafka-compacted-topic.ts'

export class KafkaControlBoard implements ControlBoard {
  readonly #topic: KafkaCompactedTopic

  constructor(topic: KafkaCompactedTopic) {
    this.#topic = topic
  }

  put(key: string, value: string | undefined): Promise<Offset> {
    return this.#topic.put(key, value)
  }

  follow(onEntry: OnEntry): ControlFollower {
    const topic = this.#topic
    topic.follow(onEntry)
    return {
      get next() {
        return topic.next
      },
      get ageMs() {
        return topic.ageMs
      },
      catchUp: () => topic.catchUp(),
      close: () => topic.unfollow(onEntry),
    }
  }
}
