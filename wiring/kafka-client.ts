import type { KafkaSettings, Settings } from '../config/settings.ts'
import { confluentClient } from '../log/confluent-client.ts'
import type { OpenKafkaClient } from '../log/kafka-client.ts'
import { openPlatformaticClient } from '../log/platformatic-client.ts'
import { currentRuntime } from '../runtime/current-runtime.ts'

export type KafkaClientName = NonNullable<KafkaSettings['client']>

/** The client that the settings name, else the one that suits the runtime. */
export function kafkaClientName({ client }: KafkaSettings): KafkaClientName {
  return client ?? (currentRuntime() === 'node' ? 'confluent' : 'platformatic')
}

/**
 * Whether `process.exit` may never end: over confluent it waits for native calls under way, which may
 * wait for a broker, or for the very thread that exits.
 */
export function mayHoldUpExit({ kafka }: Pick<Settings, 'kafka'>): boolean {
  return kafka !== undefined && kafkaClientName(kafka) === 'confluent'
}

/** Rejects with what to do where the client does not load: no other one steps in. */
export async function loadKafkaClient(kafka: KafkaSettings): Promise<OpenKafkaClient> {
  const name = kafkaClientName(kafka)
  switch (name) {
    case 'confluent':
      return confluentClient()
    case 'platformatic':
      return openPlatformaticClient
    default:
      return name satisfies never
  }
}
