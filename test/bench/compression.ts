import process from 'node:process'
import { Admin } from '@platformatic/kafka'
import type { KafkaCompression } from '../../log/kafka-options.ts'
import type { KafkaClientName } from '../../wiring/kafka-client.ts'
import { type Payload, payloads } from './compression-messages.ts'
import type { CompressionFigures } from './compression-process.ts'
import { median } from './median.ts'
import type { BenchServers } from './servers.ts'
import { startBenchWorker } from './worker-process.ts'

export interface CompressionResult {
  readonly payload: Payload
  readonly client: KafkaClientName
  readonly compression: KafkaCompression
  /** Of the partition on the broker's disk, against the payloads. */
  readonly share: number
  /** Medians, of payloads before compression. */
  readonly publishMebibytesPerSecond: number
  readonly readMebibytesPerSecond: number
  readonly publishCpuMsPerMebibyte: number
  readonly readCpuMsPerMebibyte: number
}

const rounds = 3
const clients = ['confluent', 'platformatic'] as const
const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const mebibyte = 1024 * 1024

/** What each compression costs and saves through each client, in turns. */
export async function benchCompression(
  { brokers }: BenchServers,
  rows: number,
): Promise<CompressionResult[]> {
  const wanted = payloads.flatMap((payload) =>
    clients.flatMap((client) =>
      compressions.map((compression) => ({ payload, client, compression })),
    ),
  )
  const runs = new Map(wanted.map((one) => [one, [] as Run[]]))
  for (let round = 0; round < rounds; round++) {
    for (const [one, done] of runs) done.push(await runOnce(brokers[0]!, rows, one))
  }
  return Array.from(runs, ([one, done]) => {
    const per = (value: (run: Run) => number) => median(done.map(value))
    const size = (run: Run) => run.bytes / mebibyte
    return {
      ...one,
      share: per((run) => run.stored / run.bytes),
      publishMebibytesPerSecond: per((run) => size(run) / run.publish.seconds),
      readMebibytesPerSecond: per((run) => size(run) / run.read.seconds),
      publishCpuMsPerMebibyte: per((run) => (run.publish.cpuSeconds * 1000) / size(run)),
      readCpuMsPerMebibyte: per((run) => (run.read.cpuSeconds * 1000) / size(run)),
    }
  })
}

interface Run extends CompressionFigures {
  /** Bytes on the broker's disk for these messages. */
  readonly stored: number
}

async function runOnce(
  broker: string,
  rows: number,
  { client, compression, payload }: Pick<CompressionResult, 'client' | 'compression' | 'payload'>,
): Promise<Run> {
  const prefix = `bench${process.pid}-${crypto.randomUUID()}`
  const script = 'test/bench/compression-process.ts'
  const args = [script, client, compression, payload, String(rows), broker, prefix]
  const figures = await startBenchWorker('node', args, {}).result<CompressionFigures>()
  const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [broker], retries: 5 })
  try {
    const topics = [{ name: `${prefix}.writes`, partitions: [0] }]
    const [found] = await admin.describeLogDirs({ topics })
    const partitions = found!.results.flatMap(({ topics }) => topics.flatMap((t) => t.partitions))
    const stored = partitions.reduce((sum, { partitionSize }) => sum + Number(partitionSize), 0)
    await admin.deleteTopics({
      topics: ['writes', 'control', 'status'].map((name) => `${prefix}.${name}`),
    })
    return { ...figures, stored: (stored * figures.messages) / (figures.messages + 10) }
  } finally {
    await admin.close()
  }
}

/** A table for people, and for docs/performance.md. */
export function compressionTable(results: readonly CompressionResult[]): string {
  const lines = results.map((one) =>
    [
      one.payload,
      one.client,
      one.compression,
      one.share.toFixed(3),
      one.publishMebibytesPerSecond.toFixed(0),
      one.publishCpuMsPerMebibyte.toFixed(1),
      one.readMebibytesPerSecond.toFixed(0),
      one.readCpuMsPerMebibyte.toFixed(1),
    ].join(' | '),
  )
  const head = [
    'payload | client | compression | bytes in the log | publish MiB/s | publish CPU ms/MiB | read MiB/s | read CPU ms/MiB',
    '---|---|---|---|---|---|---|---',
  ]
  return [...head, ...lines].map((line) => `| ${line} |`).join('\n')
}
