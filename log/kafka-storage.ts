import { deleteRecordsV2, describeLogDirsV4 } from '@platformatic/kafka'
import { type Headroom, LogError } from '../core/log.ts'
import type { Offset, ShardId } from '../core/position.ts'
import type { KafkaCluster } from './kafka-cluster.ts'
import { isAnswer, responseOf } from './kafka-errors.ts'
import type { KafkaTopicWatch } from './kafka-topic-watch.ts'

/** How long a broker may wait for its followers before it says how far it deleted. */
const deleteTimeoutMs = 5000

/**
 * Deletes a partition's records before an offset. The question names the topic only by its name, so
 * the leader says right before which topic that is: what a new one holds was applied nowhere.
 */
export async function deleteRecords(
  cluster: KafkaCluster,
  watch: KafkaTopicWatch,
  shard: ShardId,
  before: Offset,
): Promise<void> {
  const connection = await cluster.connection(watch.leader(shard))
  await watch.confirm([shard])
  const partitions = [{ partitionIndex: shard, offset: BigInt(before) }]
  try {
    const topics = [{ name: watch.topic, partitions }]
    await deleteRecordsV2.api.async(connection, topics, deleteTimeoutMs)
  } catch (error) {
    if (isAnswer(error, 'OFFSET_OUT_OF_RANGE')) {
      const message = `${watch.topic}, partition ${shard}, ends before offset ${before}`
      throw new LogError('out_of_range', `${message}: nothing was trimmed`, { cause: error })
    }
    if (isAnswer(error, 'TOPIC_AUTHORIZATION_FAILED')) {
      const message = `the brokers' user may not delete records of ${watch.topic}: allow it DELETE`
      throw new LogError('unreachable', message, { cause: error })
    }
    // The partition may have another leader by now.
    await watch.refresh().catch(() => undefined)
    throw cluster.unreachable(error)
  }
}

/**
 * The room on the fullest disk that holds a replica of the topic. A broker that is away tells
 * nothing and takes nothing. Undefined where no broker tells: their user may not describe the
 * cluster, or the disks are none that have a size.
 */
export async function describeHeadroom(
  cluster: KafkaCluster,
  topic: string,
): Promise<Headroom | undefined> {
  const view = await cluster.topic(topic)
  const brokers = [...new Set(view?.replicas.flat())]
  const asked = await Promise.allSettled(
    brokers.map((broker) => describeDisks(cluster, broker, topic, view!.leaders.length)),
  )
  const told = asked.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
  const failed = asked.find((one) => one.status === 'rejected')
  if (told.length === 0 && failed) throw cluster.unreachable(failed.reason)
  return told.reduce<Headroom | undefined>(
    (least, disk) => (least && least.freeBytes <= disk.freeBytes ? least : disk),
    undefined,
  )
}

async function describeDisks(
  cluster: KafkaCluster,
  broker: number,
  name: string,
  count: number,
): Promise<Headroom[]> {
  const connection = await cluster.connection(broker)
  const partitions = Array.from({ length: count }, (_, partition) => partition)
  // A disk that failed has an error of its own beside the others; one who may not ask gets none.
  const { results } = await describeLogDirsV4.api
    .async(connection, [{ name, partitions }])
    .catch(responseOf<describeLogDirsV4.DescribeLogDirsResponse>)
  return results
    .filter(({ topics, usableBytes }) => topics.length > 0 && usableBytes >= 0n)
    .map(({ usableBytes, totalBytes }) => ({
      freeBytes: Number(usableBytes),
      totalBytes: Number(totalBytes),
    }))
}
