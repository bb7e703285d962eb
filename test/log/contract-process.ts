import process from 'node:process'
import { createInterface } from 'node:readline'
import { type BrokerFault, brokerFaults, type LogWorld, logCases } from '../contract/log.ts'
import { inEmbeddedWorld } from './embedded-world.ts'
import { inKafkaWorld } from './kafka-world.ts'
import type { KafkaClientName } from './open-log.ts'

// Runs the contract of the log on the runtime that runs this file, over one kind of log, and writes
// a line of JSON for each case. Faults of the broker are asked for in the same way; whoever started
// this process answers each with a line.

/** Longer than any case takes; one that hangs must not take the others with it. */
const caseTimeoutMs = 60_000

/** Which adapter: the embedded log, or Kafka through one of its clients. */
const [adapter, address, only] = process.argv.slice(2)
const kind = adapter === 'embedded' ? 'embedded' : 'kafka'
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const say = (line: object) => console.log(JSON.stringify(line))

const cause = (fault: BrokerFault) => async () => {
  say({ fault })
  await answers.next()
}
const broker = Object.fromEntries(
  brokerFaults.map((fault) => [fault, cause(fault)]),
) as LogWorld['broker']

for (const { name, run } of logCases.filter((one) => !one.only || one.only === kind)) {
  if (only && !name.includes(only)) continue
  const startMs = performance.now()
  try {
    await (kind === 'embedded'
      ? inEmbeddedWorld(inTime(run))
      : inKafkaWorld(adapter as KafkaClientName, address!, broker, inTime(run)))
    say({ name, ms: Math.round(performance.now() - startMs) })
  } catch (error) {
    const { message, stack } = error as Error
    say({ name, error: stack?.includes(message) ? stack : `${message}\n${stack}` })
  }
}
process.exit()

function inTime(run: (world: LogWorld) => Promise<void>) {
  return async (world: LogWorld) => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const timeout = new Promise<never>((_, reject) => {
      const late = () => reject(new Error(`no end within ${caseTimeoutMs} ms`))
      timer = setTimeout(late, caseTimeoutMs)
    })
    await Promise.race([run(world), timeout]).finally(() => clearTimeout(timer))
  }
}
