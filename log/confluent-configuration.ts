import type { Client, GlobalConfig } from '@confluentinc/kafka-javascript'
import { connectTimeoutMs, type KafkaSettings } from './kafka-options.ts'

const reconnectMs = 100
const maxReconnectMs = 1000

/** What librdkafka is told for each of its clients. */
export function confluentConfiguration({ brokers, security }: KafkaSettings): GlobalConfig {
  const { tls, sasl } = security
  return {
    'client.id': 'sluice',
    'bootstrap.servers': brokers.join(','),
    'security.protocol': sasl ? (tls ? 'sasl_ssl' : 'sasl_plaintext') : tls ? 'ssl' : 'plaintext',
    ...(tls && { 'ssl.ca.pem': tls.ca }),
    ...(sasl && {
      'sasl.mechanisms': sasl.mechanism,
      'sasl.username': sasl.username,
      'sasl.password': sasl.password,
    }),
    'socket.connection.setup.timeout.ms': connectTimeoutMs,
    // By itself it would try a broker that came back only after up to ten seconds.
    'reconnect.backoff.ms': reconnectMs,
    'reconnect.backoff.max.ms': maxReconnectMs,
    'socket.keepalive.enable': true,
    // Small writes are answered a round trip at a time.
    'socket.nagle.disable': true,
  }
}

/** Connects a client of the library: to the brokers, and to what they know of a topic. */
export function connect(client: Client<string>, topic: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error: unknown) => (error ? reject(error) : resolve())
    client.connect({ topic, timeout: connectTimeoutMs }, done)
  })
}
