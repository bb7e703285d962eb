import { LogError } from '../core/log.ts'
import { KafkaCluster, type TopicView } from './kafka-cluster.ts'
import { type KafkaOptions, type KafkaSettings, kafkaSettings } from './kafka-options.ts'
import { maxHeaderBytes, maxPayloadBytes } from './message-bounds.ts'
import {
  type FoundTopic,
  type TopicSettings,
  topicWarnings,
  wantedInSync,
  wantedReplicas,
} from './topic-warnings.ts'

/** How long new partitions may take to get their leaders. */
const leadersTimeoutMs = 15_000
const leadersPollMs = 100

/** What a record batch holds besides its payloads and headers; more than enough for both. */
const batchOverheadBytes = 1024
/** The largest batch that a partition must take: one message at its limits. */
export const minBatchBytes = maxPayloadBytes + maxHeaderBytes + batchOverheadBytes
/** The largest batch sent, where the topic takes it: Kafka's own default for a topic. */
export const maxBatchBytes = 1024 * 1024

interface TopicPlan {
  readonly name: string
  readonly partitions: number
  /** What the log relies on: a topic with other values is refused. */
  readonly required: SetSettings
  /** What a new topic gets besides. */
  readonly initial: SetSettings
}

type SetSettings = Readonly<Record<string, string>>

/**
 * Makes the topics that are missing and leaves the others. Rejects with a `LogError` if one that is
 * there has another number of partitions, or settings that could lose or refuse messages.
 */
export async function createKafkaTopics(options: KafkaOptions): Promise<void> {
  const settings = kafkaSettings(options)
  const cluster = new KafkaCluster(settings.client)
  try {
    const replicas = Math.min(wantedReplicas, await cluster.brokerCount())
    for (const plan of topicPlans(settings)) {
      if (!(await cluster.topic(plan.name))) await create(cluster, plan, replicas)
      await checkTopic(cluster, plan, await awaitLeaders(cluster, plan.name))
    }
  } finally {
    await cluster.close()
  }
}

export interface CheckedTopics {
  readonly writes: TopicView
  /** The largest batch that the topic of writes takes, or that is sent. */
  readonly batchBytes: number
  /** What could lose accepted writes where a broker is lost, in words. */
  readonly warnings: readonly string[]
}

/** Rejects with a `LogError` unless all topics are there and keep what they must keep. */
export async function checkKafkaTopics(
  cluster: KafkaCluster,
  settings: KafkaSettings,
): Promise<CheckedTopics> {
  const topics: FoundTopic[] = []
  for (const plan of topicPlans(settings)) {
    const { name } = plan
    const view = await cluster.topic(name)
    if (!view) {
      throw new LogError('not_migrated', `The topic ${name} is missing: run \`npm run migrate\``)
    }
    topics.push({ name, view, settings: await checkTopic(cluster, plan, view) })
  }
  const writes = topics.find(({ name }) => name === settings.topics.writes)!
  const largest = Number(writes.settings.get('max.message.bytes'))
  // Workers tell their status again each second.
  const kept = topics.filter(({ name }) => name !== settings.topics.status)
  return {
    writes: writes.view,
    batchBytes: Math.min(maxBatchBytes, largest),
    warnings: topicWarnings(kept),
  }
}

function topicPlans({ topics, partitions }: KafkaSettings): readonly TopicPlan[] {
  // Only closed segments are compacted: small ones keep what a new reader must read small.
  const compacted = {
    partitions: 1,
    required: { 'cleanup.policy': 'compact' },
    initial: {
      'segment.bytes': String(16 * 1024 * 1024),
      'segment.ms': String(600_000),
      'min.cleanable.dirty.ratio': '0.1',
    },
  }
  return [
    {
      name: topics.writes,
      partitions,
      // What is accepted outlives any pause: nothing goes by age or by size.
      required: { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' },
      initial: {
        'max.message.bytes': String(maxBatchBytes + batchOverheadBytes),
        // What is trimmed is freed a segment at a time.
        'segment.bytes': String(256 * 1024 * 1024),
      },
    },
    { name: topics.control, ...compacted },
    { name: topics.status, ...compacted },
  ]
}

async function create(cluster: KafkaCluster, plan: TopicPlan, replicas: number): Promise<void> {
  const durable = { 'min.insync.replicas': String(Math.min(wantedInSync, replicas)) }
  const settings = { ...plan.required, ...plan.initial, ...durable }
  await cluster.createTopic(plan.name, plan.partitions, replicas, settings)
}

async function awaitLeaders(cluster: KafkaCluster, name: string): Promise<TopicView> {
  const deadlineMs = performance.now() + leadersTimeoutMs
  for (;;) {
    const view = await cluster.topic(name)
    if (view?.leaders.every((leader) => leader >= 0)) return view
    if (performance.now() > deadlineMs) {
      throw cluster.unreachable(new Error(`the topic ${name} has no leaders yet`))
    }
    await new Promise((resolve) => setTimeout(resolve, leadersPollMs))
  }
}

/** Throws a `LogError` unless a topic is as it must be; resolves with its settings. */
async function checkTopic(
  cluster: KafkaCluster,
  plan: TopicPlan,
  view: TopicView,
): Promise<TopicSettings> {
  const { name, partitions } = plan
  if (view.leaders.length !== partitions) {
    throw new LogError(
      'not_migrated',
      `The topic ${name} has ${view.leaders.length} partitions, expected ${partitions}, one per ` +
        'shard: the number of shards of a log never changes; use its number, or another prefix',
    )
  }
  const found = await cluster.topicSettings(name)
  for (const [setting, expected] of Object.entries(plan.required)) {
    const value = found.get(setting)
    if (value !== expected) throw misset(name, setting, value, expected)
  }
  const largest = found.get('max.message.bytes')
  if (Number(largest) < minBatchBytes) {
    throw misset(name, 'max.message.bytes', largest, `at least ${minBatchBytes}`)
  }
  return found
}

function misset(topic: string, setting: string, value: unknown, expected: string): LogError {
  const what = `The topic ${topic} has ${setting}=${value}, expected ${expected}`
  return new LogError('not_migrated', `${what}: alter the topic`)
}
