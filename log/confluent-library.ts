import process from 'node:process'
import type * as Types from '@confluentinc/kafka-javascript'

/** The part of the library that is used: its librdkafka-style classes. */
export interface ConfluentLibrary {
  readonly Producer: typeof Types.Producer
  readonly KafkaConsumer: new (
    ...args: ConstructorParameters<typeof Types.KafkaConsumer>
  ) => ConfluentKafkaConsumer
}

/** What the library's own types leave out. */
export type ConfluentKafkaConsumer = Types.KafkaConsumer & {
  /** Without it a call that has messages waits for more until its time is over. */
  setDefaultIsTimeoutOnlyForFirstMessage(only: boolean): void
  incrementalAssign(partitions: readonly Types.Assignment[]): void
  incrementalUnassign(partitions: readonly Types.TopicPartition[]): void
  commitCb(
    offsets: readonly Types.TopicPartitionOffset[],
    done: (error: Types.LibrdKafkaError | null) => void,
  ): void
}

/** The command that provides the library's program. */
const provideIt = 'npm run kafka-client'

/**
 * Loads the client, whose native addon fits one version of Node. Rejects with what to do where it
 * can't be loaded: no other client steps in.
 */
export async function loadConfluent(): Promise<ConfluentLibrary> {
  const other = 'set SLUICE_KAFKA_CLIENT to platformatic'
  if (process.versions.bun || process.versions.deno) {
    throw new Error(
      `SLUICE_KAFKA_CLIENT is confluent, which runs on Node alone: run this on Node, or ${other}`,
    )
  }
  try {
    const { default: library } = await import('@confluentinc/kafka-javascript')
    return library as unknown as ConfluentLibrary
  } catch (error) {
    const [reason] = (error as Error).message.split('\n')
    throw new Error(
      `The Kafka client confluent does not load on Node ${process.version} (${reason}). Run \`${provideIt}\`, which gets or builds its native part, or ${other}`,
      { cause: error },
    )
  }
}
