import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { sluiceTables } from '../../db/schema.ts'
import { Deployment, queryMysql } from './deployment.ts'
import { createPin, createUser } from './operations.ts'
import { ownMysql } from './own-servers.ts'

// A server of its own: the accounts that `--print` grants to are the whole server's.
const server = ownMysql()
const timeout = 60_000

async function stateOf({ databases, mysqlUrl }: Deployment) {
  const names = databases.map((database) => `'${database}'`).join()
  const tables = `SELECT table_schema, table_name, create_time, update_time FROM information_schema.tables WHERE table_schema IN (${names}) ORDER BY 1, 2`
  const positions = databases.map((database) => `SELECT * FROM \`${database}\`.sluice_offsets`)
  const found = await queryMysql(mysqlUrl, tables)
  return {
    tables: found,
    positions: found.length && (await queryMysql(mysqlUrl, positions.join(';'))),
  }
}

test.each([
  ['the embedded log', () => new Deployment({ mysqlUrl: server().url })],
  ['Kafka', () => new Deployment({ mysqlUrl: server().url, kafkaBrokers: inject('kafkaBrokers') })],
])(
  'on %s, migration on each runtime finds what the first one made',
  { timeout },
  async (_, create) => {
    const deployment = create()
    const [first, second] = deployment.databases
    const made = await deployment.migrate()
    expect(made).toContain(`shard 0: made database ${first}\n`)
    expect(made).toContain(`shard 1: made database ${second}\n`)
    const before = await stateOf(deployment)
    expect(before.tables).toHaveLength(2 * (sluiceTables.length + 4))
    for (const runtime of ['node', 'deno', 'bun'] as const) {
      const again = await deployment.migrate(runtime)
      expect(again).toMatch(/^nothing to do: all that the config names is there$/m)
      expect(again).not.toContain('made')
      expect(await deployment.migrate(runtime, '--print')).toContain(
        `CREATE DATABASE IF NOT EXISTS \`${first}\``,
      )
    }
    expect(await stateOf(deployment)).toEqual(before)
  },
)

test('--print makes nothing, not even the log, and says what comes first', async () => {
  const deployment = new Deployment({ mysqlUrl: server().url })
  const printed = deployment.start('migrate', 'node', {}, '--print')
  expect(await printed.ended).toBe(1)
  expect(printed.output).toMatch(
    /^migrate: No log is at \S+: run `npm run migrate`\. --print shows the first positions too, which name the log: so the log comes first, which npm run migrate makes before it asks anything of MySQL\n$/,
  )
  expect(existsSync(join(deployment.folder, 'log.sqlite'))).toBe(false)
  expect((await stateOf(deployment)).tables).toEqual([])
})

test('what --print shows is all that a DBA must run: migration then has nothing to do, and accounts with no more than its grants do all the work', {
  timeout,
}, async () => {
  const { url } = server()
  const deployment = new Deployment({ mysqlUrl: url })
  const accounts = ['sluice_migrate', 'sluice_worker', 'sluice_api']
  await queryMysql(
    url,
    accounts.map((name) => `CREATE USER ${name} IDENTIFIED BY 'secret'`).join(';'),
  )
  const as = (name: string) => {
    const own = new URL(url)
    Object.assign(own, { username: name, password: 'secret' })
    return { SLUICE_MYSQL_URL: own.href.replace(/\/$/, '') }
  }

  // An account that may do nothing: the log is made, the shards are not.
  const refused = deployment.start('migrate', 'node', as('sluice_migrate'))
  expect(await refused.ended).toBe(1)
  expect(refused.output).toMatch(
    /^migrate: shard \d \(\S+\): MySQL error 1044 ER_DBACCESS_DENIED_ERROR/,
  )
  const script = await deployment.migrate('node', '--print')
  expect((await stateOf(deployment)).tables).toEqual([])

  await queryMysql(url, script)
  const migration = deployment.start('migrate', 'node', as('sluice_migrate'))
  expect(await migration.ended).toBe(0)
  expect(migration.output).toBe('nothing to do: all that the config names is there\n')
  const [api] = await Promise.all([
    deployment.startApi('node', as('sluice_api')),
    deployment.startWorker('node', as('sluice_worker')),
  ])
  const operations = [createUser('1'), createUser('2'), createPin('1', '1'), createPin('1', '1')]
  const { body } = await api.write(operations)
  expect(await api.settled(String(body.receipt))).toMatchObject({ applied: 3, failed: 1 })
  expect(await api.client.failures(String(body.receipt))).toEqual(new Map([[3, 'already_exists']]))

  // A shard whose row is gone: the runbook has an operator put it back, with the worker's account.
  await deployment.query(0, 'DELETE FROM sluice_offsets')
  const args = ['set-position', '--shard', '0', '--to', 'end', '--yes', '--reason', 'row deleted']
  const repair = deployment.start('repair', 'node', as('sluice_worker'), ...args)
  expect([await repair.ended, repair.output]).toEqual([0, expect.stringContaining('Done')])
  expect(await deployment.query(0, 'SELECT owner FROM sluice_offsets')).toHaveLength(1)
})
