import type { TopicView } from './kafka-cluster.ts'

/** Three copies survive the loss of one broker while another is restarted. */
export const wantedReplicas = 3
/** One copy more than the one that answers: an acknowledged write survives a broker's loss. */
export const wantedInSync = 2

export type TopicSettings = ReadonlyMap<string, string | undefined>

export interface FoundTopic {
  readonly name: string
  readonly view: TopicView
  readonly settings: TopicSettings
}

/** What topics lack to keep, through the loss of brokers, what they acknowledged: a line each. */
export function topicWarnings(topics: readonly FoundTopic[]): string[] {
  const weaknesses = topics.flatMap((topic) =>
    weaknessesOf(topic).map((weakness) => ({ name: topic.name, weakness })),
  )
  const alike = Map.groupBy(weaknesses, ({ weakness }) => weakness)
  return Array.from(alike, ([weakness, found]) => {
    const names = found.map(({ name }) => name).join(' and ')
    return `${names}: ${weakness}`
  })
}

function weaknessesOf({ view, settings }: FoundTopic): string[] {
  const copies = Math.min(...view.replicas.map((brokers) => brokers.length))
  const inSync = Number(settings.get('min.insync.replicas'))
  const isUnclean = settings.get('unclean.leader.election.enable') === 'true'
  return [
    ...(copies < wantedReplicas ? [fewCopies(copies)] : []),
    ...(inSync < wantedInSync ? [fewInSync(inSync)] : []),
    ...(isUnclean ? [uncleanElection] : []),
  ]
}

function fewCopies(copies: number): string {
  const risk = 'accepted writes are lost with the disks of that many brokers'
  return `replication factor ${copies}, expected at least ${wantedReplicas}: ${risk}`
}

function fewInSync(inSync: number): string {
  const risk = 'a write counts as durable once that many brokers have it'
  return `min.insync.replicas=${inSync}, expected at least ${wantedInSync}: ${risk}`
}

const uncleanElection =
  'unclean.leader.election.enable=true, expected false: a broker that lacks accepted writes may come to lead, and they are lost'
