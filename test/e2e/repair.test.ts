import { Buffer } from 'node:buffer'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Admin } from '@platformatic/kafka'
import { describe, expect, inject, test } from 'vitest'
import { loadConfig } from '../../config/load.ts'
import { readSettings } from '../../config/settings.ts'
import { encodeMessage } from '../../core/message.ts'
import type { Operation } from '../../core/operation.ts'
import { shardId } from '../../core/position.ts'
import { commandNames, parseCommand } from '../../repair/command.ts'
import { checksum } from '../../runtime/checksum.ts'
import { openLog } from '../../wiring/open-log.ts'
import { repair } from '../../wiring/repair.ts'
import { commandOf, root } from './commands.ts'
import { Deployment } from './deployment.ts'
import { get } from './http.ts'
import { createPin, createUser, incrementSaves } from './operations.ts'
import { ServiceProcess } from './service-process.ts'

// The operator's commands beside running processes: what they say, do, record, and refuse.

const timeout = 90_000
const patient = { timeout: 25_000, interval: 100 }
const stoppedRetryMs = 500
const why = ['--yes', '--reason', 'a test']

/** Runs a command as `npm run repair` does; resolves with what it says, rejects as it refuses. */
async function run(
  { env }: Pick<Deployment, 'env'>,
  args: string,
  ...more: string[]
): Promise<string> {
  const asked = parseCommand([...args.split(' '), ...more])
  if ('help' in asked) throw new Error('asks for help')
  const settings = readSettings(env)
  const lines: string[] = []
  const config = await loadConfig(settings)
  await repair(settings, config, { ...asked, who: 'dba@test' }, (line) => lines.push(line))
  return lines.join('\n')
}

/** Puts bytes into shard 0's partition as no API would; resolves with their offset. */
async function publish(deployment: Deployment, bytes: Uint8Array): Promise<number> {
  const log = await openLog(readSettings(deployment.env), deployment.databases.length, 'test')
  try {
    const [offset] = await log.publish([{ shard: shardId(0), bytes, headers: {} }])
    return offset!
  } finally {
    await log.close()
  }
}

function messageOf(job: string, ...operations: Operation[]): Uint8Array {
  return encodeMessage({ job, tenant: 'default', operations }, checksum)
}

function ofUnknownVersion(): Uint8Array {
  const bytes = messageOf('a job')
  bytes[4] = 9
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, checksum(bytes.subarray(4)))
  return bytes
}

const ghost: Operation = { index: 0, type: 'ghost', kind: 'create', object: { id: '1' } }

async function positionOf(deployment: Deployment): Promise<string> {
  const select = `SELECT CONCAT(next_offset, '.', next_operation) AS at FROM sluice_offsets`
  const [row] = await deployment.query(0, select)
  return String(row!.at)
}

function auditOf(deployment: Deployment) {
  return deployment.query(0, 'SELECT * FROM sluice_audit ORDER BY id')
}

/** A user whose objects are on shard 0 of 2. */
const user = '4'

/** A deployment with an API and a worker that run. */
async function start(log: { readonly kafkaBrokers?: readonly string[] } = {}) {
  const deployment = new Deployment({ ...log, config: { worker: { stoppedRetryMs } } })
  await deployment.migrate()
  const [api, worker] = await Promise.all([deployment.startApi(), deployment.startWorker()])
  return { deployment, api, worker }
}

describe.each([
  ['the embedded log', {}],
  ['Kafka', { kafkaBrokers: inject('kafkaBrokers') }],
])('on %s', (_, log) => {
  test('set-position back has an idle worker apply it all again', { timeout }, async () => {
    const { deployment, api } = await start(log)
    const operations = [createUser(user), createPin('1', user), incrementSaves('1', user, 2)]
    await api.applied(operations)
    const before = await positionOf(deployment)
    const dry = await run(deployment, 'set-position --shard 0 --to start')
    expect(dry).toContain(`shard 0 would move from ${before} back to 0.0`)
    expect(dry).toMatch(/repeated: 3 operations of 1 job in 1 message\n.*increments add once more/)
    expect(dry).toMatch(/job \S+: 3 operations\nNothing was changed/)
    expect(await positionOf(deployment)).toBe(before)
    expect(await auditOf(deployment)).toEqual([])

    expect(await run(deployment, 'set-position --shard 0 --to start', ...why)).toContain('Done')
    const saves = async () => (await deployment.query(0, 'SELECT saves FROM pins'))[0]!.saves
    await expect.poll(saves, patient).toBe(4)
    await expect.poll(() => positionOf(deployment), patient).toBe(before)
    expect(await auditOf(deployment)).toEqual([
      expect.objectContaining({
        command: 'set-position',
        who: 'dba@test',
        reason: 'a test',
        moved_from: expect.stringMatching(new RegExp(`^${before} of log \\S+$`)),
        moved_to: expect.stringMatching(/^0\.0 of log \S+$/),
        effect: expect.stringMatching(/^repeated: 3 operations/),
      }),
    ])
    expect(await run(deployment, `set-position --shard 0 --to ${before}`, ...why)).toMatch(
      /stands at \S+ already: nothing to do/,
    )
    expect(await auditOf(deployment)).toHaveLength(1)
  })

  test('skip-message passes a message of an unknown version, and keeps it raw', {
    timeout,
  }, async () => {
    const { deployment, api, worker } = await start(log)
    const at = await publish(deployment, ofUnknownVersion())
    const { body } = await api.write([createUser(user)])
    await worker.process.says(/ALERT shard_stopped_unknown_content on shard 0: .*message version 9/)
    expect(await run(deployment, 'show --shard 0')).toMatch(
      /^shard 0 stands at 0\.0 of log \S+, (last )?owned by \S+; its log holds 0 to 2, 2 to come; the first can't be read: it has message version 9$/m,
    )
    for (const [args, reason] of [
      [
        `skip-message --shard 0 --offset ${at + 1}`,
        /stands at 0.0, not at the message at offset 1/,
      ],
      ['set-position --shard 0 --to 3', /offset 3 is not in the log of shard 0: the log ends at 2/],
      ['set-position --shard 0 --to 2.1', /offset 2 is not in the log/],
      ['set-position --shard 0 --to 1.1', /has 1 operation, 0 to 0: say --to 2/],
      [
        'set-position --shard 0 --to 0.1',
        /no message at offset 0 whose operations could be counted/,
      ],
      ['set-position --shard 2 --to 0', /the config has no shard 2: its shards are 0 to 1/],
      ['show --shard 2', /the config has no shard 2/],
    ] as const) {
      await expect(run(deployment, args, ...(args.startsWith('show') ? [] : why))).rejects.toThrow(
        reason,
      )
    }
    const skip = `skip-message --shard 0 --offset ${at}`
    expect(await run(deployment, skip)).toMatch(
      /would pass the message at offset 0 \(\d+ bytes\): it has message version 9\nlost: .*\nNothing was changed/,
    )
    expect([await positionOf(deployment), await auditOf(deployment)]).toEqual(['0.0', []])

    expect(await run(deployment, skip, ...why)).toContain('Done')
    expect(await api.settled(String(body.receipt))).toMatchObject({ state: 'done', applied: 1 })
    const kept = await deployment.query(0, 'SELECT * FROM sluice_failures')
    expect(kept).toEqual([
      expect.objectContaining({
        job: expect.stringMatching(/^log:/),
        code: 'undecodable',
        message: 'skipped by an operator: it has message version 9',
        raw: Buffer.from(ofUnknownVersion()),
      }),
    ])
    expect(await auditOf(deployment)).toMatchObject([{ command: 'skip-message', who: 'dba@test' }])
    await expect(run(deployment, skip, ...why)).rejects.toThrow(/stands at 2.0, not at/)
    await worker.process.kill()
    expect(await run(deployment, 'set-position --shard 0 --to 1', ...why)).toContain('Done')
    await expect(run(deployment, 'skip-message --shard 0 --offset 1', ...why)).rejects.toThrow(
      /the message at offset 1 can be read: 1 operation of job \S+\. It is not what stops/,
    )
  })

  test('adopt-log begins in the log that took the place of one that is gone', {
    timeout,
  }, async () => {
    const { deployment, api, worker } = await start(log)
    expect(await run(deployment, 'adopt-log', ...why)).toMatch(
      /^shard 0 stands in log \S+ already: nothing to do\nshard 1 stands in .*nothing to do$/m,
    )
    await api.applied([createUser(user)])
    await loseLog(deployment)
    const migration = deployment.start('migrate')
    expect(await migration.ended).toBe(1)
    expect(migration.output).toMatch(/if it is gone for good, npm run repair -- adopt-log goes on/)
    await expect(run(deployment, 'set-position --shard 0 --to 0')).rejects.toThrow(
      /shard 0 stands in log \S+, but \S+ is log \S+: .*see adopt-log/,
    )
    // A worker notices by itself that its log is gone, and lets go of the shard.
    await expect
      .poll(() => run(deployment, 'adopt-log'), patient)
      .toMatch(
        /shard 1 would leave log \S+ at 0.0 and begin at 0 of .*\nlost: .*\nNothing was changed/,
      )
    expect([await positionOf(deployment), await auditOf(deployment)]).toEqual(['1.0', []])
    expect(await run(deployment, 'adopt-log', ...why)).toMatch(/Done.*\n.*started again$/s)
    expect([await positionOf(deployment), await auditOf(deployment)]).toEqual([
      '0.0',
      [expect.objectContaining({ command: 'adopt-log' })],
    ])
    await Promise.all([api.process.kill(), worker.process.kill()])
    const [again] = await Promise.all([deployment.startApi(), deployment.startWorker()])
    await again.applied([createPin('1', user)])
  })
})

test('a failure that was recorded before set-position goes back is listed only if it fails again', {
  timeout,
}, async () => {
  const { deployment, api } = await start()
  const early = await api.write([createUser(user), incrementSaves('1', user, 2)])
  const job = String(early.body.receipt)
  expect(await api.settled(job)).toMatchObject({ applied: 1, failed: 1 })
  await api.applied([createPin('1', user)])

  expect(await run(deployment, 'set-position --shard 0 --to 0', ...why)).toContain('Done')
  // The increment finds its pin now; both creates find what they made.
  const failed = () => deployment.query(0, 'SELECT type, op FROM sluice_failures ORDER BY type')
  await expect.poll(failed, patient).toEqual([
    { type: 'pin', op: 'create' },
    { type: 'user', op: 'create' },
  ])
  await expect.poll(() => api.job(job), patient).toMatchObject({ applied: 1, failed: 1 })
})

test('set-position moves a shard whose worker is busy all the time', { timeout }, async () => {
  const { deployment, api } = await start()
  await api.applied([createUser(user), createPin('1', user)])
  let isOver = false
  let saves = 0
  const load = async () => {
    while (!isOver) {
      await api.write(Array.from({ length: 100 }, () => incrementSaves('1', user, 1)))
      saves += 100
    }
  }
  const loads = Promise.all([load(), load(), load()])
  try {
    await expect.poll(() => positionOf(deployment), patient).not.toBe('1.0')
    const told = await run(deployment, 'set-position --shard 0 --to 1', ...why)
    expect(told).toMatch(/moves from \d+.\d+ back to 1.0.*\nrepeated: [\d,]+ operations/)
    const repeated = Number(/repeated: ([\d,]+)/.exec(told)![1]!.replaceAll(',', ''))
    isOver = true
    await loads
    const sum = async () => (await deployment.query(0, 'SELECT saves FROM pins'))[0]!.saves
    await expect.poll(sum, patient).toBe(saves + repeated)
  } finally {
    isOver = true
    await loads
  }
})

test('set-position forward counts what it skips as cancelled, in its jobs', {
  timeout,
}, async () => {
  const { deployment, api, worker } = await start()
  await publish(deployment, messageOf('of a ghost', ghost, { ...ghost, index: 1 }))
  const { body } = await api.write([createUser(user), createPin('1', user)])
  await worker.process.says(/ALERT shard_stopped_unknown_content on shard 0: .*the type "ghost"/)
  const skip = 'set-position --shard 0 --to end'
  expect(await run(deployment, skip)).toMatch(
    /from 0.0 forward to 2.0.*\nlost: 4 operations of 2 jobs in 2 messages; never applied/,
  )
  expect([await positionOf(deployment), await auditOf(deployment)]).toEqual(['0.0', []])
  expect(await run(deployment, skip, ...why)).toContain('Done')
  expect(await api.job(String(body.receipt))).toMatchObject({ state: 'cancelled', cancelled: 2 })
  expect(
    await deployment.query(0, `SELECT cancelled FROM sluice_outcomes WHERE job = 'of a ghost'`),
  ).toEqual([{ cancelled: '2' }])
  await api.applied([createUser(user)])
  expect(await deployment.query(0, 'SELECT id FROM pins')).toEqual([])
})

test('adopt-log is refused while a worker holds the shard in the other log', {
  timeout,
}, async () => {
  const { deployment, worker } = await start()
  const others = new Deployment({ env: { SLUICE_TOPIC_PREFIX: deployment.prefix } })
  await others.migrate()
  const env = {
    ...deployment.env,
    SLUICE_DATA_DIR: others.folder,
    SLUICE_KAFKA_BROKERS: undefined,
  }
  await expect(run({ env }, 'adopt-log', ...why)).rejects.toThrow(
    /shard 0 is held by \S+, which reads log \S+: that log lives/,
  )
  expect((await get(`${worker.url}/readyz`)).status).toBe(200)
})

/** What the shards stand in is gone for good. */
async function loseLog({ env, folder, prefix }: Deployment): Promise<void> {
  if (env.SLUICE_KAFKA_BROKERS === undefined) {
    for (const file of ['', '-wal', '-shm'])
      rmSync(join(folder, `log.sqlite${file}`), { force: true })
    return
  }
  const admin = new Admin({
    clientId: 'test',
    bootstrapBrokers: inject('kafkaBrokers'),
    retries: 5,
  })
  await admin.deleteTopics({
    topics: ['writes', 'control', 'status'].map((name) => `${prefix}.${name}`),
  })
  await admin.close()
}

describe('as a command', () => {
  test.each([
    ['rewind', /there is no command rewind: it is one of show, set-position/],
    ['set-position --shard 0', /--to is missing/],
    ['set-position --to 3', /--shard is missing/],
    ['set-position --shard -1 --to 3', /./],
    ['set-position --shard one --to 3', /--shard is one, expected a whole number/],
    ['set-position --shard 0 --to 3 --offset 2', /takes no --offset/],
    ['set-position --shard 0 --to 3 --yes', /--yes needs --reason/],
    ['skip-message --shard 0', /--offset is missing/],
    ['adopt-log --force', /--force/],
    ['adopt-log please', /please is one word too many/],
  ])('%s is refused', (args, message) => {
    expect(() => parseCommand(args.split(' '))).toThrow(message)
  })

  test.each(['abc', '1207.', '.3', '1.2.3', '9'.repeat(20), '-1'])('--to %s is no place', (to) => {
    expect(() => parseCommand(['set-position', '--shard', '0', `--to=${to}`])).toThrow(
      `--to is ${to}, expected start, end, an offset (1207) or offset.operation (1207.3)`,
    )
  })

  test.each(['node', 'deno', 'bun'] as const)('it runs on %s', { timeout }, async (runtime) => {
    const deployment = new Deployment()
    await deployment.migrate()
    const shown = deployment.start('repair', runtime, {}, 'show')
    expect(await shown.ended).toBe(0)
    expect(shown.output).toMatch(/^shard 0 stands at 0.0 of .*: all is applied\nshard 1 .*\n/m)
  })

  test.each(['node', 'deno', 'bun'] as const)(
    'whoever reads no further does not end it, on %s',
    {
      timeout,
    },
    async (runtime) => {
      const deployment = new Deployment({ shards: 4 })
      await deployment.migrate()
      const line = '{ "$@"; echo "it ended with $?" >&2; } | true'
      const command = ['sh', '-c', line, 'sh', ...commandOf('repair', runtime), 'show']
      const shown = new ServiceProcess(command, deployment.env, root)
      await shown.ended
      expect(shown.output).toBe('it ended with 0\n')
    },
  )

  test('it tells of its commands, and what is wrong with one', { timeout }, async () => {
    const deployment = new Deployment()
    const help = deployment.start('repair', 'node', {}, '--help')
    const wrong = deployment.start('repair', 'node', {}, 'skip-message', '--shard', '9')
    expect([await help.ended, await wrong.ended]).toEqual([0, 1])
    for (const name of commandNames) expect(help.output).toContain(`npm run repair -- ${name}`)
    expect(wrong.output).toBe('repair: --offset is missing\nSee npm run repair -- --help\n')
  })
})
