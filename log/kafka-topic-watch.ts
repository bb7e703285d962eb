import { LogError } from '../core/log.ts'
import type { KafkaCluster, TopicView } from './kafka-cluster.ts'

/** How often the topic is looked at: a deleted one is noticed about this much later. */
const pollIntervalMs = 1000
/** A broker that has just started may not know a topic yet; one that is gone stays unknown. */
const unknownGraceMs = 3000

/**
 * Watches that a topic is still the one that was opened, and who leads its partitions. Readers and
 * the sender know topics by name in places: this is what keeps them from a new one of the same name.
 */
export class KafkaTopicWatch {
  readonly topic: string
  readonly id: string
  readonly #cluster: KafkaCluster
  #lost: LogError | undefined
  #leaders: readonly number[]
  #unknownSinceMs: number | undefined
  #refreshing: Promise<void> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(cluster: KafkaCluster, topic: string, view: TopicView) {
    this.#cluster = cluster
    this.topic = topic
    this.id = view.id
    this.#leaders = view.leaders
    this.#schedule()
  }

  /** Why the topic is gone for good; undefined while it is there. */
  get lost(): LogError | undefined {
    return this.#lost
  }

  /** The broker that leads a partition; -1 if none does at the moment. */
  leader(partition: number): number {
    return this.#leaders[partition] ?? -1
  }

  /** Takes note of the id under which a broker knows the topic now. */
  observe(id: string): void {
    if (id === this.id) return
    this.#lose(`The topic ${this.topic} was deleted and made anew (id ${id} instead of ${this.id})`)
  }

  /** Looks at the topic now. Rejects with a `LogError` if no broker answers. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#look().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #schedule(): void {
    this.#timer = setTimeout(async () => {
      // Without an answer nothing is known: whoever needs the broker finds out by itself.
      await this.refresh().catch(() => undefined)
      if (this.#timer && !this.lost) this.#schedule()
    }, pollIntervalMs)
  }

  async #look(): Promise<void> {
    const view = await this.#cluster.topic(this.topic)
    if (view) {
      this.#unknownSinceMs = undefined
      this.observe(view.id)
      if (view.id === this.id) this.#leaders = view.leaders
      return
    }
    const nowMs = performance.now()
    this.#unknownSinceMs ??= nowMs
    if (nowMs - this.#unknownSinceMs < unknownGraceMs) return
    this.#lose(`The topic ${this.topic} (id ${this.id}) was deleted`)
  }

  #lose(message: string): void {
    const whatToDo =
      'bring it back, or set the new one up with npm run migrate, then start this process again'
    this.#lost ??= new LogError('recreated', `${message}: ${whatToDo}`)
  }
}
