import { join } from 'node:path'
import { realFolder, type ServerInUse, shareServer } from '../shared-server.ts'
import { quietly, type Steps } from '../steps.ts'
import { brokerProcess, quickStart } from './broker-process.ts'
import { brokersAnswer } from './hello.ts'
import { kafkaJars, kafkaVersion } from './jars.ts'
import { findJava } from './java.ts'
import { type BrokerExtras, noExtras } from './properties.ts'

export interface KafkaOptions {
  /** Holds the jars and, unless an instance is named, the data: `<dataDir>/kafka`. */
  dataDir: string
  /** Brokers to use as they are, `host:port`; nothing is started then. */
  brokers?: readonly string[] | undefined
  /** A folder for a broker of its own, beside the one of `dataDir`. */
  instance?: string | undefined
  /** For Java; made for a quick start if absent, a benchmark wants `[]`. */
  jvmOptions?: readonly string[] | undefined
  /** Whether Debian packages may be installed where java or mvn is missing. */
  systemPackages?: boolean | undefined
  /** For a broker that also listens with TLS or passwords. */
  extras?: BrokerExtras | undefined
  /** Where java and mvn are looked for; PATH if absent. */
  searchPath?: string | undefined
}

export interface KafkaServer extends ServerInUse {
  readonly brokers: readonly string[]
}

/** Finds a Kafka or starts one of a single node, and says in steps what it does. */
export async function provideKafka(
  {
    dataDir,
    brokers,
    instance,
    jvmOptions = quickStart,
    systemPackages = true,
    extras = noExtras,
    searchPath,
  }: KafkaOptions,
  steps: Steps = quietly,
): Promise<KafkaServer> {
  if (brokers !== undefined) return givenBrokers(brokers, steps)
  const cache = join(dataDir, 'kafka')
  const folder = realFolder(instance ?? cache)
  const tools = { searchPath, systemPackages, steps }
  const java = await findJava(tools)
  const libs = await kafkaJars(cache, tools)

  return steps.step(`Kafka ${kafkaVersion}`, async (say) => {
    const server = await shareServer(folder, brokerProcess(folder, java, libs, jvmOptions, extras))
    const address = `127.0.0.1:${server.port}`
    say(`Kafka ${kafkaVersion} ${server.found ? 'runs already' : 'started'} on ${address}`)
    return {
      brokers: [address],
      get pid() {
        return server.pid
      },
      stop: server.stop,
      kill: server.kill,
      restart: server.restart,
    }
  })
}

/** The user's own brokers, used as they are: checked, never started or stopped. */
function givenBrokers(brokers: readonly string[], steps: Steps): Promise<KafkaServer> {
  const shown = brokers.join(', ')
  return steps.step(`Kafka at ${shown}`, async () => {
    if (!(await brokersAnswer(brokers))) {
      throw new Error(
        `No Kafka broker answers at ${shown}. Check the addresses (host:port), ` +
          'or leave them out to get a private broker.',
      )
    }
    const notOurs = async () => {
      throw new Error(`The Kafka at ${shown} is not ours to stop or start.`)
    }
    return { brokers, pid: undefined, stop: async () => {}, kill: notOurs, restart: notOurs }
  })
}
