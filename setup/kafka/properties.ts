/** What a broker is to have besides: more ways to reach it, and what it demands there. */
export interface BrokerExtras {
  /** By name; each on a port of its own. */
  readonly listeners: Readonly<Record<string, { readonly protocol: string; readonly port: number }>>
  readonly properties: Readonly<Record<string, string>>
  /** Users known by SCRAM, as Kafka's storage tool takes them. */
  readonly scramUsers: readonly string[]
}

export const noExtras: BrokerExtras = { listeners: {}, properties: {}, scramUsers: [] }

/** One node that is broker and controller, for tests: every default that counts on more is one. */
export function serverProperties(
  port: number,
  controllerPort: number,
  logDir: string,
  extras: BrokerExtras,
): string {
  const others = Object.entries(extras.listeners)
  const advertised = [
    `PLAINTEXT://127.0.0.1:${port}`,
    ...others.map(([name, listener]) => `${name}://127.0.0.1:${listener.port}`),
  ]
  const protocols = others.map(([name, { protocol }]) => `${name}:${protocol}`)
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: [...advertised, `CONTROLLER://127.0.0.1:${controllerPort}`].join(),
    'advertised.listeners': advertised.join(),
    'listener.security.protocol.map': [
      'PLAINTEXT:PLAINTEXT',
      'CONTROLLER:PLAINTEXT',
      ...protocols,
    ].join(),
    'log.dirs': logDir,
    // A topic with the wrong number of partitions would be worse than none.
    'auto.create.topics.enable': false,
    // A killed broker may register again only when its former session is over.
    'broker.session.timeout.ms': 2000,
    'broker.heartbeat.interval.ms': 500,
    'group.initial.rebalance.delay.ms': 0,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    ...extras.properties,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
