// `npm run kafka-client`: the Kafka client confluent for Node. Whatever starts over Kafka by npm does
// it by itself; processes started by hand name this command.

import { readSettings } from '../config/settings.ts'
import { provideKafkaClient } from './kafka-client/provide.ts'
import { printSteps } from './steps.ts'

const { dataDir, maySystemInstall } = readSettings(process.env)
try {
  await provideKafkaClient(
    { dataDir, systemPackages: maySystemInstall },
    printSteps(process.stdout),
  )
  console.log('The Kafka client confluent loads.')
} catch (error) {
  console.error((error as Error).message)
  process.exit(1)
}
