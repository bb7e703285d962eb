import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { expect, inject, onTestFinished, test } from 'vitest'
import { startApiService } from '../../api/start.ts'
import { loadConfig } from '../../config/load.ts'
import { readSettings } from '../../config/settings.ts'
import { startWorkerService } from '../../consumer/start.ts'
import type { Serve } from '../../runtime/serve.ts'
import { isFree } from '../../setup/port.ts'
import { Deployment } from './deployment.ts'
import { createPin, incrementSaves } from './operations.ts'
import { RunningApi } from './running-api.ts'

/** A start on data that is there, on a machine that does other things too. */
const secondsToStart = 15
/** What a process that is to end may take for it. */
const stopLimitSeconds = 25

/** `npm start` as it is on a fresh clone, but with the programs of MySQL unpacked already. */
function freshClone(): Deployment {
  const deployment = new Deployment({
    env: { SLUICE_MYSQL_URL: undefined, SLUICE_CONFIG: undefined, SLUICE_TOPIC_PREFIX: undefined },
  })
  const programs = resolve(inject('dataDir'), 'mysql/debian')
  mkdirSync(join(deployment.folder, 'mysql'))
  if (existsSync(programs)) symlinkSync(programs, join(deployment.folder, 'mysql/debian'))
  return deployment
}

async function start(deployment: Deployment, runtime: 'node' | 'deno' | 'bun', port = 0) {
  const env = { SLUICE_PORT: String(port) }
  const started = deployment.start('start', runtime, env)
  const [, url] = await started.says(/API listens on (\S+).*Ctrl-C stops everything/s)
  return new RunningApi(started, url!)
}

/** The ports of MySQL and of the API that a start named: who listens there is left behind. */
async function freePortsOf({ process, url }: RunningApi): Promise<boolean[]> {
  const [, mysqlPort] = process.output.match(/MySQL \S+ started on \S+:(\d+)/)!
  return Promise.all([isFree(Number(mysqlPort)), isFree(Number(new URL(url).port))])
}

test('one command starts all of it; Ctrl-C stops all of it, and the next start goes on', {
  timeout: 120_000,
}, async () => {
  const deployment = freshClone()
  const first = await start(deployment, 'node')
  expect(first.process.output).toMatch(
    /✔ MySQL \S+ started on .*✔ 8 shards and the log made .*✔ Worker .*✔ API listens on/s,
  )
  expect(first.process.output).toContain(`curl -s ${first.url}/v1/writes`)
  await first.applied([createPin('1', '7')])
  const [, mysqlUrl] = first.process.output.match(
    /export SLUICE_MYSQL_URL=(\S+)\n {2}npm run repair/,
  )!
  const shown = deployment.start('repair', 'node', { SLUICE_MYSQL_URL: mysqlUrl }, 'show')
  expect(await shown.ended).toBe(0)
  expect(shown.output).toMatch(/^(shard \d stands at .*, owned by .*: all is applied\n){8}$/)

  const receipts: string[] = []
  let running = first
  for (const runtime of ['deno', 'bun'] as const) {
    // Not waited for: what the worker does not finish now, the next one does.
    const { body } = await running.write([incrementSaves('1', '7', 1)])
    receipts.push(String(body.receipt))
    expect(await freePortsOf(running)).toEqual([false, false])
    running.process.signal('SIGINT')
    expect(await running.process.ended).toBe(0)
    expect(running.process.output).toMatch(/stopping: the windows under way are finished first\n$/)
    expect(await freePortsOf(running)).toEqual([true, true])

    const startMs = performance.now()
    running = await start(deployment, runtime)
    expect((performance.now() - startMs) / 1000).toBeLessThan(secondsToStart)
    expect(running.process.output).toMatch(/✔ 8 shards and the log found/)
  }
  for (const receipt of receipts) {
    expect(await running.settled(receipt)).toMatchObject({ state: 'done', applied: 1 })
  }
  const again = await running.applied([incrementSaves('1', '7', 1), createPin('1', '7')])
  expect(again).toMatchObject({ state: 'done_with_failures', applied: 1, failed: 1 })
  expect(await running.process.stop()).toBe(0)
  expect(await freePortsOf(running)).toEqual([true, true])
})

test('a port that is taken is named, on each runtime, and nothing is left running', {
  timeout: 60_000,
}, async () => {
  const other = createServer()
  onTestFinished(async () => void other.close())
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening))
  const port = String((other.address() as AddressInfo).port)
  const deployment = new Deployment()
  await deployment.migrate()
  const env = { SLUICE_PORT: port, SLUICE_WORKER_PORT: port }
  const taken = (variable: string) =>
    `${variable} is ${port}, where another process listens on 127.0.0.1 already: end it, or set another port (0 picks a free one)\n`

  for (const runtime of ['node', 'deno', 'bun'] as const) {
    const api = deployment.start('api', runtime, env)
    const worker = deployment.start('worker', runtime, env)
    expect(await Promise.all([api.ended, worker.ended])).toEqual([1, 1])
    expect(api.output).toBe(`api: ${taken('SLUICE_PORT')}`)
    expect(worker.output).toBe(`worker: ${taken('SLUICE_WORKER_PORT')}`)
  }
  const all = deployment.start('start', 'node', env)
  expect(await all.ended).toBe(1)
  expect(all.output).toContain(`\n${taken('SLUICE_PORT')}`)
})

test('an IPv6 address stands in brackets where API and worker say that they listen', async () => {
  const deployment = new Deployment()
  await deployment.migrate()
  const settings = readSettings({ ...deployment.env, SLUICE_HOST: '::1' })
  const config = await loadConfig(settings)
  // Not every machine has IPv6.
  const serve: Serve = async () => ({ port: 8080, finish: async () => {}, close: async () => {} })
  for (const start of [startApiService(serve), startWorkerService(serve)]) {
    const { started, stop } = await start(settings, config, 'test')
    await stop()
    expect(started).toMatch(/ on http:\/\/\[::1\]:8080$/)
  }
})

test('what can not come to its end ends all the same, and says what that leaves', {
  timeout: 90_000,
}, async () => {
  const worker = { lockWaitSeconds: 60, statementTimeoutMs: 90_000 }
  const deployment = new Deployment({ shards: 1, config: { worker } })
  const running = await start(deployment, 'node')
  await running.applied([createPin('1', '7')])
  const [url] = deployment.shardUrls
  const other = await createConnection(url!)
  onTestFinished(() => other.end())
  await other.query('BEGIN')
  await other.query('SELECT 1 FROM pins FOR UPDATE')
  await running.write([incrementSaves('1', '7', 1)])
  const waiting = `SELECT 1 FROM information_schema.innodb_trx JOIN information_schema.processlist ON id = trx_mysql_thread_id WHERE trx_state = 'LOCK WAIT' AND db = '${deployment.databases[0]}'`
  // InnoDB tells nothing new to whoever asks again within 100 ms.
  const seldom = { timeout: 10_000, interval: 300 }
  await expect.poll(() => deployment.query(0, waiting), seldom).toHaveLength(1)

  const stopMs = performance.now()
  running.process.signal('SIGINT')
  expect(await running.process.ended).toBe(1)
  expect((performance.now() - stopMs) / 1000).toBeLessThan(stopLimitSeconds + 2)
  expect(running.process.output).toContain(
    `\napi and worker: not finished within ${stopLimitSeconds} s, and ended now: requests under way were not answered; whether they were written is unknown, and they are safe to send again under their Idempotency-Key; windows under way are undone, and done again by whoever goes on\n`,
  )
})
