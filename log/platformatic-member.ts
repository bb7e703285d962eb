import { Consumer } from '@platformatic/kafka'
import type { Assignment } from '../core/log.ts'
import { type Offset, type ShardId, shardId } from '../core/position.ts'
import type { KafkaMember } from './kafka-client.ts'
import { groupTimes, type KafkaSettings } from './kafka-options.ts'

/** Longer than the group may hold a request to join. */
const requestTimeoutMs = groupTimes.rebalanceMs + groupTimes.sessionMs
const watchIntervalMs = 500
/** Members that join at once disturb each other a few times. */
const joinRetries = 5
const joinRetryDelayMs = 200

/**
 * One stay in the group, from a fresh join to its end. The client rejoins by itself when the group
 * shares out anew; where it gives up, or the group may have given this member up, the stay is over,
 * and only another member joins again. (KIP-848's protocol does not serve: in this client a member
 * that was stopped and continued never comes back.)
 */
export class PlatformaticMember implements KafkaMember {
  readonly #client: Consumer
  /**
   * Only tells offsets. A member's own commit that meets a group which shares out anew joins it once more,
   * beside the join that is under way: the group then waited for a session's time, and so did who left.
   */
  readonly #committer: Consumer
  readonly #topic: string
  readonly #over = Promise.withResolvers<void>()
  readonly #watchdog: ReturnType<typeof setInterval>
  #heardMs = performance.now()
  #isJoining = true

  constructor(settings: KafkaSettings, onAssigned: (assignment: Assignment) => void) {
    this.#topic = settings.topics.writes
    this.#client = new Consumer({
      ...settings.client,
      groupId: settings.group,
      groupProtocol: 'classic',
      // Sticky: a worker that comes or goes moves no more shards than it must.
      protocols: [{ name: 'cooperative-sticky', version: 1 }],
      sessionTimeout: groupTimes.sessionMs,
      rebalanceTimeout: groupTimes.rebalanceMs,
      heartbeatInterval: groupTimes.heartbeatMs,
      requestTimeout: requestTimeoutMs,
      retries: joinRetries,
      retryDelay: joinRetryDelayMs,
    })
    this.#committer = new Consumer({ ...settings.client, groupId: settings.group, retries: 0 })
    this.#client.topics.track(this.#topic)
    this.#client.on('consumer:heartbeat:end', () => this.#heard(false))
    this.#client.on('consumer:group:rebalance', () => this.#heard(true))
    this.#client.on('consumer:group:join', ({ generationId, assignments }) => {
      this.#heard(false)
      const mine = assignments?.find(({ topic }) => topic === this.#topic)?.partitions ?? []
      onAssigned({ generation: generationId ?? 0, shards: mine.map(shardId) })
    })
    // A rejoin that fails is said here; without a listener the process would end.
    this.#client.on('error', () => this.end())
    this.#watchdog = setInterval(() => this.#watch(), watchIntervalMs)
  }

  async stay(): Promise<void> {
    try {
      await this.#client.joinGroup({})
      await this.#over.promise
    } finally {
      clearInterval(this.#watchdog)
      await Promise.all([this.#client.close(true), this.#committer.close()])
    }
  }

  end(): void {
    this.#over.resolve()
  }

  async commit(offsets: ReadonlyMap<ShardId, Offset>): Promise<void> {
    const topic = this.#topic
    const { memberId, generationId } = this.#client
    if (this.#isJoining || !memberId) return
    Object.assign(this.#committer, { memberId, generationId })
    await this.#committer.commit({
      offsets: Array.from(offsets, ([partition, offset]) => ({
        topic,
        partition,
        offset: BigInt(offset),
        leaderEpoch: -1,
      })),
    })
  }

  #heard(isJoining: boolean): void {
    this.#heardMs = performance.now()
    this.#isJoining = isJoining
  }

  /** Also notices that this process was stopped, or its event loop held up, for too long. */
  #watch(): void {
    const allowedMs = this.#isJoining ? requestTimeoutMs : groupTimes.sessionMs
    if (performance.now() - this.#heardMs > allowedMs) this.end()
  }
}
