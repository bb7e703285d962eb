import {
  type BaseOptions,
  type Broker,
  type Connection,
  ConnectionPool,
  createTopicsV7,
  describeConfigsV4,
  listOffsetsV7,
  metadataV12,
  parseBroker,
  protocolErrorsCodesById,
} from '@platformatic/kafka'
import { type LogBounds, LogError } from '../core/log.ts'
import { type Offset, offset } from '../core/position.ts'
import { isAnswer, responseOf, unreachable } from './kafka-errors.ts'

/** A topic as a broker describes it now. */
export interface TopicView {
  readonly id: string
  /** The broker that leads each partition; -1 while an election is under way. */
  readonly leaders: readonly number[]
  /** The brokers that keep a copy of each partition. */
  readonly replicas: readonly (readonly number[])[]
}

type MetadataResponse = metadataV12.MetadataResponse

const earliestTimestamp = -2n
const latestTimestamp = -1n
const unknownTopicCode = 3
const topicResource = 2
const createTimeoutMs = 5000

/**
 * The brokers of a cluster and questions to them. Each rejects with a `LogError`. The client's own
 * metadata cache is not used: one partition without a leader makes it refuse the whole topic.
 */
export class KafkaCluster {
  readonly #pool: ConnectionPool
  readonly #bootstrap: readonly Broker[]
  #brokers: ReadonlyMap<number, Broker> = new Map()
  /** Moves on when a broker that takes connections does not answer. */
  #preferred = 0
  #closed = false

  constructor(client: BaseOptions) {
    this.#pool = new ConnectionPool(client.clientId, client)
    this.#bootstrap = client.bootstrapBrokers.map((broker) => parseBroker(broker))
  }

  /** Undefined if the brokers know no such topic. */
  async topic(name: string): Promise<TopicView | undefined> {
    const response = await this.#metadata([name])
    try {
      return topicView(response, name)
    } catch (error) {
      throw this.unreachable(error)
    }
  }

  async brokerCount(): Promise<number> {
    await this.#metadata([])
    return this.#brokers.size
  }

  /** What one broker knows of a topic at this moment; undefined if it knows none. */
  async topicAt(broker: number, name: string): Promise<TopicView | undefined> {
    const connection = await this.connection(broker)
    try {
      return topicView(await describeTopics(connection, [name]), name)
    } catch (error) {
      throw this.unreachable(error)
    }
  }

  async bounds(topic: string, partition: number): Promise<LogBounds> {
    const leader = (await this.topic(topic))?.leaders[partition] ?? -1
    const bounds = await this.boundsAt(leader, topic, [partition])
    return bounds.get(partition)!
  }

  /** The bounds of partitions that one broker leads. */
  async boundsAt(
    leader: number,
    topic: string,
    partitions: readonly number[],
  ): Promise<ReadonlyMap<number, LogBounds>> {
    const connection = await this.connection(leader)
    const offsetsAt = async (timestamp: bigint): Promise<ReadonlyMap<number, Offset>> => {
      const asked = partitions.map((partitionIndex) => ({
        partitionIndex,
        currentLeaderEpoch: -1,
        timestamp,
      }))
      const request = [{ name: topic, partitions: asked }]
      const { topics } = await listOffsetsV7.api.async(connection, -1, 0, request)
      const found = topics.flatMap((answer) => answer.partitions)
      return new Map(found.map((one) => [one.partitionIndex, toOffset(one.offset)]))
    }
    try {
      const [earliest, next] = await Promise.all([
        offsetsAt(earliestTimestamp),
        offsetsAt(latestTimestamp),
      ])
      return new Map(partitions.map((n) => [n, { earliest: earliest.get(n)!, next: next.get(n)! }]))
    } catch (error) {
      throw this.unreachable(error)
    }
  }

  /** A topic's settings by name. */
  async topicSettings(topic: string): Promise<ReadonlyMap<string, string | undefined>> {
    const resources = [{ resourceType: topicResource, resourceName: topic } as const]
    const { results } = await this.#askAny((connection) =>
      describeConfigsV4.api.async(connection, resources, false, false),
    )
    return new Map(results[0]?.configs.map(({ name, value }) => [name, value ?? undefined]))
  }

  /** Makes a topic, if it is not there. */
  async createTopic(
    name: string,
    numPartitions: number,
    replicationFactor: number,
    settings: Readonly<Record<string, string>>,
  ): Promise<void> {
    const configs = Object.entries(settings).map(([name, value]) => ({ name, value }))
    const topic = { name, numPartitions, replicationFactor, assignments: [], configs }
    try {
      await this.#askAny((connection) =>
        createTopicsV7.api.async(connection, [topic], createTimeoutMs, false),
      )
    } catch (error) {
      if (!isAnswer((error as Error).cause, 'TOPIC_ALREADY_EXISTS')) throw error
    }
  }

  /** An open connection to one broker. */
  async connection(broker: number): Promise<Connection> {
    try {
      const address = this.#brokers.get(broker)
      if (!address) throw new Error(broker < 0 ? 'no broker leads it' : `broker ${broker} is away`)
      return await this.#pool.get(address)
    } catch (error) {
      throw this.unreachable(error)
    }
  }

  unreachable(cause: unknown): LogError {
    if (this.#closed) return new LogError('closed', 'The log is closed')
    const brokers = this.#bootstrap.map(({ host, port }) => `${host}:${port}`)
    return unreachable(brokers, cause)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#pool.close()
  }

  async #metadata(topics: string[]): Promise<MetadataResponse> {
    const response = await this.#askAny((connection) => describeTopics(connection, topics))
    this.#brokers = new Map(response.brokers.map((broker) => [broker.nodeId, broker]))
    return response
  }

  async #askAny<T>(ask: (connection: Connection) => Promise<T>): Promise<T> {
    const known = [...this.#bootstrap, ...this.#brokers.values()]
    const first = this.#preferred % known.length
    try {
      const order = [...known.slice(first), ...known.slice(0, first)]
      return await ask(await this.#pool.getFirstAvailable(order))
    } catch (error) {
      this.#preferred++
      throw this.unreachable(error)
    }
  }
}

/** What the broker at the other end knows of some topics at this moment. */
export async function describeTopics(
  connection: Connection,
  topics: string[],
): Promise<MetadataResponse> {
  return metadataV12.api.async(connection, topics, false, false).catch(responseOf<MetadataResponse>)
}

/** Undefined if the broker knows no such topic. Throws if it does not tell: then its id is all zeros. */
export function topicView(response: MetadataResponse, name: string): TopicView | undefined {
  const topic = response.topics.find((topic) => topic.name === name)
  if (!topic || topic.errorCode === unknownTopicCode) return undefined
  if (topic.errorCode !== 0) {
    const answer = protocolErrorsCodesById[topic.errorCode] ?? topic.errorCode
    throw new Error(`${answer} for the topic ${name}: allow its user DESCRIBE there`)
  }
  const leaders: number[] = []
  const replicas: number[][] = []
  for (const { partitionIndex, leaderId, replicaNodes } of topic.partitions) {
    leaders[partitionIndex] = leaderId
    replicas[partitionIndex] = replicaNodes
  }
  return { id: topic.topicId, leaders, replicas }
}

export function toOffset(value: bigint): Offset {
  const number = Number(value)
  if (!Number.isSafeInteger(number))
    throw new RangeError(`Offset ${value} is too large to be exact`)
  return offset(number)
}
