import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, inject } from 'vitest'
import { type KafkaServer, provideKafka } from '../../setup/kafka/provide.ts'
import { logContract, runtimes } from './log-contract.ts'

// A broker of its own: the contract kills and stops it.
const startTimeoutMs = 120_000
const folder = mkdtempSync(join(tmpdir(), 'sluice-kafka-'))
let kafka: KafkaServer

beforeAll(async () => {
  kafka = await provideKafka({ dataDir: inject('dataDir'), instance: folder })
}, startTimeoutMs)

afterAll(async () => {
  await kafka?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const adapters = [
  ...runtimes.map((runtime) => [runtime, 'platformatic'] as const),
  ['node', 'confluent'] as const,
]
for (const [runtime, client] of adapters) {
  logContract(
    runtime,
    client,
    () => kafka.brokers[0]!,
    () => ({
      kill: () => kafka.kill('SIGKILL'),
      restart: () => kafka.restart(),
      pause: () => kafka.kill('SIGSTOP'),
      resume: () => kafka.kill('SIGCONT'),
    }),
  )
}
