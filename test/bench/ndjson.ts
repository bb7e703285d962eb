import { readFile, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import process from 'node:process'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { loadConfig } from '../../config/load.ts'
import type { Settings } from '../../config/settings.ts'
import { readSettings } from '../../config/settings.ts'
import type { Steps } from '../../setup/steps.ts'
import { createLog } from '../../wiring/open-log.ts'
import { ServiceProcess } from '../e2e/service-process.ts'
import { median } from './median.ts'
import { thousands } from './thousands.ts'
import type { BenchRuntime } from './worker-process.ts'

interface NdjsonFigures {
  /** Operations per second of one upload, plain and gzip, and of the same in JSON requests. */
  readonly plain: number
  readonly gzip: number
  readonly json: number
  /** Medians of the rounds' ratios to the JSON form. */
  readonly plainToJson: number
  readonly gzipToJson: number
  /**
   * Of the API's process during the plain upload: at its most, and by how much that is more than
   * during an upload of a quarter of the lines.
   */
  readonly peakMebibytes: number
  readonly mebibytesPerMillion: number
}

const operationsPerRequest = 10_000
const rounds = 3
const sampleMs = 25

/** A line per runtime, on the embedded log. */
export async function printNdjson(
  { dataDir }: Settings,
  steps: Steps,
  lines: number,
): Promise<void> {
  const title = `${thousands(lines)} lines of NDJSON, medians of three`
  const found = await steps.step(title, () => benchNdjson(join(dataDir, 'bench'), lines))
  for (const [runtime, figures] of found) {
    const { plain, gzip, json, plainToJson, gzipToJson } = figures
    const parts = [
      `${runtime.padEnd(4)} plain ${thousands(plain)} operations/s, ${plainToJson.toFixed(2)} of JSON`,
      `gzip ${thousands(gzip)}, ${gzipToJson.toFixed(2)} of JSON`,
      `JSON ${thousands(json)}`,
      `memory ${figures.peakMebibytes.toFixed(0)} MiB at its peak, ${figures.mebibytesPerMillion.toFixed(1)} MiB more for each further million of lines`,
    ]
    console.log(`  ${parts.join('; ')}`)
  }
}

/**
 * Uploads lines to an API process on the embedded log, plain and with gzip, beside the same
 * operations in JSON requests of 10,000, one after the other. The runtimes take turns.
 */
async function benchNdjson(
  dataDir: string,
  lines: number,
): Promise<ReadonlyMap<BenchRuntime, NdjsonFigures>> {
  const parts = Array.from({ length: lines / operationsPerRequest }, (_, part) => makeLines(part))
  const runtimes = ['node', 'deno', 'bun'] as const
  const found = new Map(runtimes.map((runtime) => [runtime, [] as Round[]]))
  for (let round = 0; round < rounds; round++) {
    for (const runtime of runtimes)
      found.get(runtime)!.push(await runRound(runtime, dataDir, parts))
  }
  return new Map(runtimes.map((runtime) => [runtime, figuresOf(found.get(runtime)!, lines)]))
}

/** Pins as a feed writes them: about 230 bytes each, over many users. */
function makeLines(part: number): Buffer {
  const lines = Array.from({ length: operationsPerRequest }, (_, k) => {
    const i = part * operationsPerRequest + k
    const object = {
      id: String(10_000_000_000 + i),
      userId: String((i * 7919) % 100_003),
      boardId: String(i % 977),
      title: `A pin about something worth keeping, number ${i}`,
      link: `https://example.com/pins/${i}`,
      createdAt: '2026-11-23T03:04:05.123Z',
    }
    return `${JSON.stringify({ type: 'pin', op: 'create', object })}\n`
  })
  return Buffer.from(lines.join(''))
}

interface Round {
  readonly plainSeconds: number
  readonly gzipSeconds: number
  readonly jsonSeconds: number
  readonly peakOfQuarter: number
  readonly peakOfWhole: number
}

async function runRound(
  runtime: BenchRuntime,
  benchDir: string,
  parts: readonly Buffer[],
): Promise<Round> {
  const dataDir = join(benchDir, `ndjson-${runtime}`)
  await rm(dataDir, { recursive: true, force: true })
  const env = { SLUICE_DATA_DIR: dataDir, SLUICE_PORT: '0' }
  const settings = readSettings(env)
  await createLog(settings, (await loadConfig(settings)).shards.count)
  const command = { node: ['node'], deno: ['deno', 'run', '-A'], bun: ['bun'] }[runtime]
  const api = new ServiceProcess(
    [...command, `api/${runtime}.ts`],
    { PATH: process.env.PATH, ...env },
    process.cwd(),
  )
  try {
    const [, url] = await api.says(/listens on (\S+)/)
    const post = (contentType: string, body: readonly Buffer[], headers = {}) =>
      send(`${url}/v1/writes`, { 'content-type': contentType, ...headers }, body)
    const upload = (body: readonly Buffer[], headers = {}) =>
      post('application/x-ndjson', body, headers)
    const sendJson = (part: Buffer) => post('application/json', [asJson(part)])
    // Compilers and heaps warm up with both forms.
    await upload(parts.slice(0, 10))
    for (const part of parts.slice(0, 10)) await sendJson(part)
    await upload(parts.slice(0, 10))
    const quarter = sampleMemory(api.pid)
    await upload(parts.slice(0, parts.length / 4))
    const peakOfQuarter = await quarter.peakMebibytes()
    const whole = sampleMemory(api.pid)
    const plainSeconds = await seconds(() => upload(parts))
    const peakOfWhole = await whole.peakMebibytes()
    const packed = parts.map((part) => gzipSync(part))
    const gzipSeconds = await seconds(() => upload(packed, { 'content-encoding': 'gzip' }))
    let jsonSeconds = 0
    for (const part of parts) jsonSeconds += await seconds(() => sendJson(part))
    return { plainSeconds, gzipSeconds, jsonSeconds, peakOfQuarter, peakOfWhole }
  } finally {
    await api.kill()
    await rm(dataDir, { recursive: true, force: true })
  }
}

function asJson(lines: Buffer): Buffer {
  return Buffer.from(`{"operations":[${lines.toString().trim().replaceAll('\n', ',')}]}`)
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now()
  await work()
  return (performance.now() - startMs) / 1000
}

async function send(url: string, headers: object, body: readonly Buffer[]): Promise<void> {
  const answered = Promise.withResolvers<{ status: number; body: string }>()
  const sent = request(url, { method: 'POST', headers: { ...headers } }, async (response) => {
    answered.resolve({ status: response.statusCode!, body: await text(response) })
  })
  sent.once('error', answered.reject)
  await Promise.all([pipeline(Readable.from(body), sent), answered.promise])
  const { status, body: answer } = await answered.promise
  if (status !== 202) throw new Error(`the API answered ${status}: ${answer}`)
}

/** The resident memory of a process at its most from now on, as Linux counts it. */
function sampleMemory(pid: number): { peakMebibytes(): Promise<number> } {
  let peakKibibytes = 0
  let isOver = false
  const sampling = (async () => {
    while (!isOver) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8')
      peakKibibytes = Math.max(peakKibibytes, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]))
      await sleep(sampleMs)
    }
  })()
  return {
    peakMebibytes: async () => {
      isOver = true
      await sampling
      return peakKibibytes / 1024
    },
  }
}

function figuresOf(found: readonly Round[], lines: number): NdjsonFigures {
  const perSecond = (of: (round: Round) => number) => lines / median(found.map(of))
  return {
    plain: perSecond(({ plainSeconds }) => plainSeconds),
    gzip: perSecond(({ gzipSeconds }) => gzipSeconds),
    json: perSecond(({ jsonSeconds }) => jsonSeconds),
    plainToJson: median(found.map((round) => round.jsonSeconds / round.plainSeconds)),
    gzipToJson: median(found.map((round) => round.jsonSeconds / round.gzipSeconds)),
    peakMebibytes: median(found.map(({ peakOfWhole }) => peakOfWhole)),
    mebibytesPerMillion: median(
      found.map(
        ({ peakOfQuarter, peakOfWhole }) =>
          ((peakOfWhole - peakOfQuarter) * 1_000_000) / (0.75 * lines),
      ),
    ),
  }
}
