import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { shardId } from '../../core/position.ts'
import { createSqliteLog } from '../../log/sqlite-log.ts'
import { openEmbedded } from './open-log.ts'

function newLog(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-log-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'log.db')
  createSqliteLog({ path, partitions: 4, topicPrefix: 'test' })
  return path
}

const message = { shard: shardId(0), bytes: new Uint8Array(10), headers: {} }

test('a publish waits for the transaction of another process', async () => {
  const path = newLog()
  const log = openEmbedded(path)
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  const published = log.publish([message])
  const first = await Promise.race([published, new Promise((end) => setTimeout(end, 300, 'waits'))])
  expect(first).toBe('waits')
  other.exec('COMMIT')
  other.close()
  expect(await published).toEqual([0])
  await log.close()
})

test('a publish that another process keeps waiting fails in time, with nothing written', async () => {
  const path = newLog()
  const log = openEmbedded(path, { publishTimeoutMs: 200 })
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  await expect(log.publish([message])).rejects.toMatchObject({
    name: 'PublishError',
    outcome: 'none',
    message: 'Nothing was written: another process has held the log for 200 ms',
  })
  other.exec('ROLLBACK')
  other.close()
  expect(await log.publish([message])).toEqual([0])
  await log.close()
})

test('more than the disk takes is refused, and what was taken is written', async () => {
  const log = openEmbedded(newLog())
  const large = { ...message, bytes: new Uint8Array(256 * 1024) }
  const results = await Promise.allSettled(Array.from({ length: 300 }, () => log.publish([large])))
  const written = results.filter(({ status }) => status === 'fulfilled')
  const refused = results.find((result) => result.status === 'rejected')
  expect(refused?.reason).toMatchObject({ outcome: 'none' })
  expect(refused?.reason.message).toMatch(/\d+ bytes wait for the disk already/)
  expect(await log.bounds(shardId(0))).toEqual({ earliest: 0, next: written.length })
  await log.close()
})

test('what was published before the log is closed is written', async () => {
  const path = newLog()
  const log = openEmbedded(path)
  const published = log.publish([message])
  await log.close()
  expect(await published).toEqual([0])
  const again = openEmbedded(path)
  expect(await again.bounds(shardId(0))).toEqual({ earliest: 0, next: 1 })
  await again.close()
})

test('a log in another format is refused', () => {
  const path = newLog()
  const connection = new DatabaseSync(path)
  connection.exec('UPDATE log SET schema_version = 99')
  connection.close()
  expect(() => openEmbedded(path)).toThrow(
    /has format 99, this version of Sluice reads 1: start the version that made it, or set SLUICE_DATA_DIR/,
  )
})

test('a file that is no log is refused', () => {
  const path = newLog()
  const connection = new DatabaseSync(path)
  connection.exec('DROP TABLE log')
  connection.close()
  expect(() => openEmbedded(path)).toThrow(/is not a log: run `npm run migrate`/)
})
