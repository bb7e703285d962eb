import {
  type Connection,
  initProducerIdV4,
  type MessageRecord,
  NumericMap,
  produceV9,
} from '@platformatic/kafka'
import { describeTopics } from './kafka-cluster.ts'
import { responseOf } from './kafka-errors.ts'
import type { KafkaCompression } from './kafka-options.ts'
import { type PlatformaticBatch, type ProducerIdentity, toBuffers } from './platformatic-batch.ts'

/** All replicas in sync must have it. */
const acksAll = -1
/** How long the leader waits for them; below the client's own limit for an answer. */
const replicationTimeoutMs = 5000

export interface ProduceAnswer {
  /** Kafka's error code, 0 for none, and the first offset, by partition. */
  readonly partitions: ReadonlyMap<number, { readonly code: number; readonly base: bigint }>
  /** The id under which the leader knew the topic after it wrote; undefined if it told none. */
  readonly topicId: string | undefined
}

interface ProduceResponse {
  readonly responses: readonly {
    readonly partitionResponses: readonly {
      readonly index: number
      readonly errorCode: number
      readonly baseOffset: bigint
    }[]
  }[]
}

/**
 * Sends batches of one producer to the broker that leads their partitions, in one request. Rejects
 * where the answer is lost.
 *
 * Produce names a topic by its name, so a topic made anew would take the batch silently. A broker
 * handles a connection's requests in order, and knows a new topic's id before it takes records for
 * it: the topic's id, asked for right behind, is the id of the topic that was written to.
 */
export async function produce(
  connection: Connection,
  topic: string,
  batches: readonly PlatformaticBatch[],
  compression: KafkaCompression,
): Promise<ProduceAnswer> {
  const records: MessageRecord[] = []
  const sequences = new NumericMap()
  for (const { partition, deliveries, stamp } of batches) {
    sequences.set(`${topic}:${partition}`, stamp!.sequence)
    for (const { message } of deliveries) records.push({ ...toBuffers(message), topic, partition })
  }
  const options = { ...batches[0]!.stamp!.producer, sequences, compression }
  const [response, described] = await Promise.all([
    produceV9.api
      .async(connection, acksAll, replicationTimeoutMs, records, options)
      .catch(responseOf<ProduceResponse>),
    describeTopics(connection, [topic]),
  ])
  const partitions = (response as ProduceResponse).responses.flatMap((t) => t.partitionResponses)
  return {
    partitions: new Map(
      partitions.map(({ index, errorCode, baseOffset }) => [
        index,
        { code: errorCode, base: baseOffset },
      ]),
    ),
    topicId: described.topics.find(({ name, errorCode }) => name === topic && errorCode === 0)
      ?.topicId,
  }
}

/** Asks a broker for a new producer id. */
export async function newProducer(connection: Connection): Promise<ProducerIdentity> {
  const { producerId, producerEpoch } = await initProducerIdV4.api.async(connection, null, 0)
  return { producerId, producerEpoch }
}
