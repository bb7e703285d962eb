// `npm run servers [name]`: a MySQL and a Kafka for work by hand, until Ctrl-C. Under a name they
// are servers of their own; without one they are those that `npm start` would use.

import { join } from 'node:path'
import { readSettings } from '../config/settings.ts'
import { stopRequested } from '../runtime/stop-signals.ts'
import { provideKafka } from './kafka/provide.ts'
import { provideMysql } from './mysql/provide.ts'
import { printSteps } from './steps.ts'

const { dataDir, mysqlUrl, kafka: given, maySystemInstall } = readSettings(process.env)
const stop = stopRequested()
const steps = printSteps(process.stdout)

const name = process.argv[2]
const instance = (server: string) => name && join(dataDir, 'servers', name, server)

const mysql = await provideMysql({ dataDir, url: mysqlUrl, instance: instance('mysql') }, steps)
const kafka = await provideKafka(
  {
    dataDir,
    brokers: given?.brokers,
    instance: instance('kafka'),
    systemPackages: maySystemInstall,
  },
  steps,
)
console.log(`
  export SLUICE_MYSQL_URL=${mysql.url}
  export SLUICE_KAFKA_BROKERS=${kafka.brokers.join(',')}

They run until Ctrl-C.`)

await stop
await Promise.all([mysql.stop(), kafka.stop()])
