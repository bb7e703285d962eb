import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { offset, shardId } from '../../core/position.ts'
import { createSqliteLog, openSqliteLog } from '../../log/sqlite-log.ts'
import { smallDisk } from './small-disk.ts'
import { createNote, testApi } from './test-api.ts'

const partitions = 4
const mebibyte = 1024 * 1024
/** About 1.2 MiB, in five messages. */
const large = {
  operations: Array.from({ length: 40 }, (_, id) => createNote(id, 1, 'x'.repeat(30_000))),
}

/** An API over an embedded log on a disk of its own; undefined where this machine mounts none. */
async function apiOnSmallDisk() {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-full-'))
  const disk = smallDisk(folder, 64)
  const path = join(disk.folder, 'log.sqlite')
  createSqliteLog({ path, partitions, topicPrefix: 'test' })
  const log = openSqliteLog({ path, partitions, owner: 'a test' })
  onTestFinished(async () => {
    await log.close()
    disk.free()
    rmSync(folder, { recursive: true })
  })
  return { log, isMounted: disk.under.length === 0 }
}

test('a disk that gets full is not filled: what was accepted is kept, and a trim makes room', async () => {
  const { log, isMounted } = await apiOnSmallDisk()
  const free = (await log.headroom())!.freeBytes
  // Elsewhere the limit comes to the disk: some requests above what is left of it.
  const limits = isMounted ? {} : { minLogFreeBytes: free - 20 * mebibyte }
  const { write, clock } = await testApi({ log, limits })
  let accepted = 0
  for (;;) {
    const response = await write(large)
    if (response.status !== 202) {
      expect(await response.json()).toMatchObject({
        type: 'urn:sluice:problem:log-full',
        outcome: 'none',
      })
      break
    }
    accepted++
    clock.advance(1_000)
  }
  expect(accepted).toBeGreaterThan(5)
  // The log itself has room left: nobody met a full disk.
  const message = { shard: shardId(2), bytes: new Uint8Array(mebibyte / 4), headers: {} }
  await log.publish([message, message, message])
  const { next } = await log.bounds(shardId(1))
  expect(next).toBe(accepted * 5)

  await log.trim(shardId(1), offset(next))
  clock.advance(5_000)
  await write(large)
  expect((await write(large)).status).toBe(202)
})
