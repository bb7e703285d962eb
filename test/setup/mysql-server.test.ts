import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import mysql from 'mysql2/promise'
import { expect, inject, onTestFinished, test } from 'vitest'
import { provideMysql } from '../../setup/mysql/provide.ts'
import type { MysqlServer } from '../../setup/mysql/server.ts'
import { temporaryFolder } from './temporary-folder.ts'

// Each has a server of its own, on the programs and the initialized template that all share.

const dataDir = inject('dataDir')
const secondStartLimitMs = 8_000

test('the second start is ready in seconds', async () => {
  const startMs = performance.now()
  const server = await provided(temporaryFolder())
  expect(performance.now() - startMs).toBeLessThan(secondStartLimitMs)
  expect(await ask(server, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test('concurrent first starts share one server, which ends with its last user', async () => {
  const instance = temporaryFolder()
  const [first, second] = await Promise.all([provided(instance), provided(instance)])
  expect(second.pid).toBe(first.pid)

  await first.stop()
  expect(await ask(second, 'SELECT 1 AS one')).toEqual([{ one: 1 }])

  await second.stop()
  expect(second.pid).toBeUndefined()
})

test('a killed server comes back on its port with its data, and durable', async () => {
  const server = await provided(temporaryFolder())
  await ask(server, 'CREATE DATABASE kept')
  await server.kill('SIGKILL')
  expect(server.pid).toBeUndefined()

  await server.restart()

  expect(await ask(server, "SHOW DATABASES LIKE 'kept'")).toHaveLength(1)
  expect(await ask(server, 'SELECT @@innodb_flush_log_at_trx_commit AS durable')).toEqual([
    { durable: 1 },
  ])
})

test('a server that a killed process left is taken over', async () => {
  const instance = temporaryFolder()
  const script = `
    import { provideMysql } from ${JSON.stringify(resolve('setup/mysql/provide.ts'))}
    const options = ${JSON.stringify({ dataDir, instance })}
    console.log((await provideMysql(options)).pid)
    setInterval(() => {}, 1000)
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [pid] = await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')

  const server = await provided(instance)

  expect(server.pid).toBe(Number(pid))
  await server.stop()
  expect(server.pid).toBeUndefined()
})

test("a foreign process's port and process id are left alone", async () => {
  const instance = temporaryFolder()
  const foreign = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void foreign.close())
  await once(foreign, 'listening')
  const { port } = foreign.address() as { port: number }
  writeFileSync(join(instance, 'port'), `${port}\n`)
  writeFileSync(join(instance, 'pid'), `${process.pid}\n`)

  const server = await provided(instance)

  expect(new URL(server.url).port).not.toBe(String(port))
  expect(readFileSync(join(instance, 'port'), 'utf8')).toBe(`${new URL(server.url).port}\n`)
  expect(foreign.listening).toBe(true)
})

test('a server that can not start is an error that ends with its log', async () => {
  const options = { dataDir, instance: temporaryFolder(), options: ['--no-such-option'] }
  await expect(provideMysql(options)).rejects.toThrow(
    /MySQL \S+ on port \d+ ended while starting\. Its log ends:\n[\s\S]*no-such-option/,
  )
})

async function provided(instance: string): Promise<MysqlServer> {
  const server = await provideMysql({ dataDir, instance })
  onTestFinished(() => server.stop())
  return server
}

async function ask(server: MysqlServer, sql: string): Promise<unknown> {
  const connection = await mysql.createConnection({ uri: server.url })
  try {
    const [rows] = await connection.query(sql)
    return rows
  } finally {
    await connection.end()
  }
}
