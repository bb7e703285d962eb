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
  #trouble: LogError | undefined
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

  /** Why no broker answered when the topic was last looked at; undefined if one did. */
  get trouble(): LogError | undefined {
    return this.#trouble
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

  /**
   * Makes sure that what partitions took until now went to this topic and to no other of its name:
   * their leaders are asked, since a broker knows a new topic's id before it takes records for it.
   * Rejects with a `LogError` if that can't be said at the moment, or is not so.
   */
  async confirm(partitions: Iterable<number>): Promise<void> {
    const leaders = new Set(Array.from(partitions, (partition) => this.leader(partition)))
    try {
      await Promise.all(Array.from(leaders, (leader) => this.#confirmAt(leader)))
    } catch (error) {
      await this.refresh()
      throw this.#lost ?? error
    }
  }

  /** A `LogError` that says why the brokers do not answer. */
  unreachable(cause: unknown): LogError {
    return this.#cluster.unreachable(cause)
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

  async #confirmAt(leader: number): Promise<void> {
    const view = await this.#cluster.topicAt(leader, this.topic)
    if (!view) {
      throw this.#cluster.unreachable(new Error(`broker ${leader} knows no topic ${this.topic}`))
    }
    this.observe(view.id)
    if (this.#lost) throw this.#lost
  }

  async #look(): Promise<void> {
    const view = await this.#cluster.topic(this.topic).catch((error) => {
      this.#trouble = error
      throw error
    })
    this.#trouble = undefined
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
