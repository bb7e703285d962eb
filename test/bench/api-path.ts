// How many operations a second the API path takes on this runtime: parse, validate, shard, encode, at
// 1,000 operations a request. `node test/bench/api-path.ts [--json]`, the same with deno and bun.

import process from 'node:process'
import { Bench } from 'tinybench'
import { parseJson } from '../../api/json.ts'
import { defaultApiLimits } from '../../api/limits.ts'
import { parseWriteRequest } from '../../api/write-request.ts'
import { loadConfig } from '../../config/load.ts'
import { readSettings } from '../../config/settings.ts'
import { shardId } from '../../core/position.ts'
import { checksum } from '../../runtime/checksum.ts'
import { batchByShard } from '../support/batch-by-shard.ts'

const operationsPerRequest = 1000
const goal = 400_000

const { types, messages: limits } = await loadConfig(readSettings({}))

/** Pins as a feed writes them: about 230 bytes each, over many users. */
const operations = Array.from({ length: operationsPerRequest }, (_, i) => ({
  type: 'pin',
  op: 'create',
  object: {
    id: String(10_000_000_000 + i),
    userId: String((i * 7919) % 100_003),
    boardId: String(i % 977),
    title: `A pin about something worth keeping, number ${i}`,
    link: `https://example.com/pins/${i}`,
    createdAt: '2026-11-23T03:04:05.123Z',
  },
}))
const body = new TextEncoder().encode(JSON.stringify({ operations }))

function parse(): unknown {
  return parseJson(body, defaultApiLimits.jsonDepth)
}

function validate(parsed: unknown) {
  return parseWriteRequest(parsed, {
    types,
    maxOperations: defaultApiLimits.operations,
    maxErrors: defaultApiLimits.errors,
    requireMayWrite: () => {},
  })
}

function shardAndEncode(valid: ReturnType<typeof validate>) {
  return batchByShard(valid, {
    job: '0198a0f2-7a51-7000-8000-1d0c3f3b2a10',
    tenant: 'default',
    limits,
    checksum,
    shardOf: ({ type, object }) => shardId(types.get(type)!.shardOf(object)),
  })
}

const parsed = parse()
const valid = validate(parsed)

// The runner wants the whole path and its reference alone, several times.
const isForRun = process.argv.includes('--json')
const bench = new Bench({ time: 2000, warmupTime: 500 })
bench.add('JSON.parse alone', () => JSON.parse(new TextDecoder().decode(body)))
if (!isForRun) {
  bench.add('parse', parse)
  bench.add('validate', () => validate(parsed))
  bench.add('shard and encode', () => shardAndEncode(valid))
}
bench.add('the whole path', () => shardAndEncode(validate(parse())))
await bench.run()

const runtime = 'Deno' in globalThis ? 'deno' : 'Bun' in globalThis ? 'bun' : 'node'
/** The median: on a shared machine a mean tells of the neighbours. */
const results = bench.tasks.map(({ name, result }) => {
  if (result.state !== 'completed') throw new Error(`${name} is ${result.state}`)
  const operationsPerSecond = Math.round((operationsPerRequest * 1000) / result.latency.p50)
  return { name, operationsPerSecond }
})

if (isForRun) {
  console.log(JSON.stringify({ runtime, bytesPerOperation: body.length / 1000, results }))
} else {
  console.log(`${runtime}, ${operationsPerRequest} operations a request, ${body.length} bytes`)
  for (const { name, operationsPerSecond } of results) {
    console.log(`  ${name.padEnd(18)} ${operationsPerSecond.toLocaleString('en')} operations/s`)
  }
  const whole = results.at(-1)!.operationsPerSecond
  console.log(`  ${(whole / goal).toFixed(2)} of the goal of ${goal.toLocaleString('en')}`)
}
