import { ConfluentConsumer } from './confluent-consumer.ts'
import { loadConfluent } from './confluent-library.ts'
import { ConfluentMember } from './confluent-member.ts'
import { ConfluentSender } from './confluent-sender.ts'
import type { KafkaClient, KafkaClientParts, OpenKafkaClient } from './kafka-client.ts'

/**
 * Kafka through @confluentinc/kafka-javascript, that is librdkafka, on Node. Rejects with what to do
 * where its native addon does not load.
 */
export async function confluentClient(): Promise<OpenKafkaClient> {
  const library = await loadConfluent()
  return (parts: KafkaClientParts): KafkaClient => {
    const sender = new ConfluentSender(library, parts)
    const consumers: ConfluentConsumer[] = []
    let generation = 0
    return {
      publish: (messages) => sender.publish(messages),
      async read(partition, from) {
        // One has one place in each partition: a second reader of the same gets another.
        let consumer = consumers.find((one) => !one.reads(partition))
        if (!consumer) {
          consumer = new ConfluentConsumer(library, parts)
          consumers.push(consumer)
        }
        return consumer.open(partition, from)
      },
      // The library does not tell the group's own number. The time grows as well, from one stay to the
      // next and from process to process.
      member: (onAssigned) =>
        new ConfluentMember(library, parts.settings, (shards) => {
          generation = Math.max(generation + 1, Date.now())
          onAssigned({ generation, shards })
        }),
      async close() {
        await sender.close()
        await Promise.all(consumers.map((consumer) => consumer.close()))
      },
    }
  }
}
