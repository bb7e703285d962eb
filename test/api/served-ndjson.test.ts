import { readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { type ClientRequest, request } from 'node:http'
import { join } from 'node:path'
import { crc32, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { decodeMessage } from '../../core/message.ts'
import { offset, shardId } from '../../core/position.ts'
import { createSqliteLog, openSqliteLog } from '../../log/sqlite-log.ts'
import { type Body, folder, runtimes, serveOn } from './serve-on.ts'
import { fileSizeLimit, smallDisk } from './small-disk.ts'
import { answerOf, createNote } from './test-api.ts'

const linesFrom = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) => {
    const note = createNote(from + i, from + i, 'x'.repeat(100))
    return `${JSON.stringify(note)}\n`
  }).join('')

/** `count` chunks, each made when it is asked for. */
function chunks(count: number, make: (n: number) => Uint8Array): ReadableStream<Uint8Array> {
  let sent = 0
  return new ReadableStream({
    pull(controller) {
      if (sent === count) controller.close()
      else controller.enqueue(make(sent++))
    },
  })
}

/** Messages in all partitions of the served log, which nobody reads. */
async function published(url: string): Promise<number> {
  const { shards } = await answerOf(await fetch(`${url}/v1/shards`))
  return shards.reduce((sum, { backlogMessages }) => sum + Number(backlogMessages), 0)
}

/** What a process takes of the memory at its most, as Linux counts it. */
async function peakMebibytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024
}

/** Files that a process holds open though they have no name any more. */
async function unnamedFiles(pid: number): Promise<number> {
  const descriptors = await readdir(`/proc/${pid}/fd`)
  const targets = await Promise.all(
    descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
  )
  return targets.filter((target) => target.endsWith('.spool (deleted)')).length
}

/** An upload whose body is sent by hand. */
function slowUpload(port: number, headers: Record<string, string> = {}): ClientRequest {
  const sent = request({
    port,
    method: 'POST',
    path: '/v1/writes',
    headers: { 'content-type': 'application/x-ndjson', ...headers },
  })
  sent.on('error', () => {})
  return sent
}

const bombBytes = 100_000_000
const bombs = [
  gzipSync(Buffer.alloc(bombBytes)),
  gzipSync(Buffer.alloc(bombBytes, `${' '.repeat(10_000)}\n`)),
]

describe.each(runtimes)('on %s', (runtime) => {
  test('large uploads are in the log to the last line, in order, and memory stays flat', async () => {
    const logFile = join(folder, `${runtime}.sqlite`)
    createSqliteLog({ path: logFile, partitions: 4, topicPrefix: 'test' })
    const api = await serveOn(runtime, { logFile })
    const parts = Array.from({ length: 10 }, (_, n) => Buffer.from(linesFrom(n * 5000, 5000)))
    const plain = await api.upload(chunks(10, (n) => parts[n]!))
    expect(plain.status).toBe(202)
    const packed = parts.map((part) => gzipSync(part))
    const uploadPacked = async () => {
      const body = chunks(10, (n) => packed[n]!)
      const response = await api.upload(body, { 'content-encoding': 'gzip' })
      expect(await response.json()).toMatchObject({ accepted: 50_000 })
    }
    // The heap grows to what it works with; V8 takes some uploads for that.
    for (let i = 0; i < 8; i++) await uploadPacked()
    const before = await peakMebibytes(api.pid)
    // Each is 9 MB of lines.
    for (let i = 0; i < 10; i++) await uploadPacked()
    expect(await unnamedFiles(api.pid)).toBe(0)
    expect((await peakMebibytes(api.pid)) - before).toBeLessThan(60)
    expect(await api.stop()).toBe(0)

    const log = openSqliteLog({ path: logFile, partitions: 4, owner: 'test' })
    const reader = await log.open(shardId(3), offset(0))
    const indexes: number[] = []
    for (;;) {
      const pulled = await reader.pull(50, 0)
      if (pulled.length === 0) break
      for (const { bytes } of pulled) {
        const decoded = decodeMessage(bytes, crc32)
        if (decoded.kind !== 'message') throw new Error(`a message is ${decoded.kind}`)
        const { operations } = decoded.message
        indexes.push(...operations.map(({ index }) => index))
        expect(operations.every(({ index, object }) => object.id === `${index}`)).toBe(true)
      }
    }
    const indexesOfOne = Array.from({ length: 12_500 }, (_, i) => 4 * i + 3)
    expect(indexes).toEqual(Array.from({ length: 19 }, () => indexesOfOne).flat())
    await log.close()
  })

  test('a line of 300 MB is refused, and memory does not grow with it', async () => {
    const { upload, url, pid } = await serveOn(runtime, { limits: { discardedBytes: 2 ** 30 } })
    expect((await upload(linesFrom(0, 20_000))).status).toBe(202)
    const before = await peakMebibytes(pid)
    const piece = Buffer.alloc(1_000_000, 'x')
    const response = await upload(chunks(300, () => piece))
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ line: 1, maxLineBytes: 2 * 1024 * 1024 })
    expect((await peakMebibytes(pid)) - before).toBeLessThan(100)
    expect((await upload(linesFrom(0, 1))).status).toBe(202)
    expect(await published(url)).toBe(4 * 5 + 1)
  })

  test('gzip is read as it is meant, or refused', async () => {
    const { upload, url, pid } = await serveOn(runtime, {
      limits: { discardedBytes: 2 ** 30, ndjsonBytes: 40_000_000 },
    })
    const [one, two] = [gzipSync(linesFrom(0, 40)), gzipSync(linesFrom(40, 40))]
    const send = async (...pieces: Uint8Array[]) => {
      const body = chunks(pieces.length, (n) => pieces[n]!)
      return upload(body, { 'content-encoding': 'gzip' })
    }
    const joined = Buffer.concat([one, two])
    for (const cut of [1, one.length - 4, one.length, one.length + 1, one.length + 12]) {
      const response = await send(joined.subarray(0, cut), joined.subarray(cut))
      expect(await response.json()).toMatchObject({ accepted: 80 })
    }
    const taken = await published(url)
    const zeros = Buffer.alloc(100)
    for (const broken of [
      [one.subarray(0, -1)],
      [one.subarray(0, 100)],
      [joined.subarray(0, one.length + 5)],
      [one, two.subarray(0, -9)],
      [Buffer.concat([one, Buffer.from('garbage')])],
      [one, Buffer.from('garbage')],
      [one, zeros, two],
      [Buffer.concat([one, zeros, two])],
      [Buffer.from(linesFrom(0, 3))],
      [Buffer.alloc(0)],
    ]) {
      const response = await send(...broken)
      expect(await response.json()).toMatchObject({
        status: 400,
        detail: 'The body is not whole gzip data.',
      })
    }
    // 10 GB of zeros, and as many of spaces and line feeds, in members of 100 MB.
    const before = await peakMebibytes(pid)
    for (const bomb of bombs) expect((await send(...Array(100).fill(bomb))).status).toBe(413)
    expect((await peakMebibytes(pid)) - before).toBeLessThan(48)
    expect(await published(url)).toBe(taken)
  })

  test('a client that goes away amid its lines has written nothing, and left nothing', async () => {
    const spoolFolder = join(folder, `gone-${runtime}`)
    const api = await serveOn(runtime, { spoolFolder })
    const lines = linesFrom(0, 20_000)
    const ways: [string, Record<string, string>][] = [
      ['with a length', { 'content-length': String(2 * lines.length) }],
      ['in chunks', { 'transfer-encoding': 'chunked' }],
    ]
    for (const [, headers] of ways) {
      const sent = slowUpload(api.port, headers)
      // Whole lines: what came so far would be a request of its own.
      sent.write(lines)
      await expect.poll(() => unnamedFiles(api.pid), { timeout: 10_000 }).toBe(1)
      expect(await readdir(spoolFolder)).toEqual([])
      sent.destroy()
      await expect.poll(() => unnamedFiles(api.pid), { timeout: 10_000 }).toBe(0)
    }
    expect(await published(api.url)).toBe(0)

    // Nor does a process that is killed leave a file.
    slowUpload(api.port, ways[1]![1]).write(lines)
    await expect.poll(() => unnamedFiles(api.pid), { timeout: 10_000 }).toBe(1)
    await api.kill()
    expect(await readdir(spoolFolder)).toEqual([])
  })

  test('a disk that is too full is told, and JSON requests go on', async () => {
    const disk = smallDisk(join(folder, runtime))
    try {
      const { folder: spoolFolder, under } = disk
      const api = await serveOn(runtime, { spoolFolder, under })
      await toldAsUnavailable(
        api,
        /has no room for the operations of this request \((ENOSPC|EFBIG)\)/,
      )
      // Its room is free again.
      expect((await api.upload(linesFrom(0, 1000))).status).toBe(202)
      await api.kill()
    } finally {
      disk.free()
    }
  })

  test('a folder that cannot be made is told likewise', async () => {
    const file = join(folder, `file-${runtime}`)
    await writeFile(file, '')
    const api = await serveOn(runtime, { spoolFolder: join(file, 'spool') })
    await toldAsUnavailable(api, /does not take files for the operations of this request \(\w+\)/)
  })
})

test('the limit on the size of files is met where no file system can be mounted', async () => {
  const api = await serveOn('node', { under: fileSizeLimit })
  await toldAsUnavailable(api, /has no room for the operations of this request \(EFBIG\)/)
})

async function toldAsUnavailable(
  { upload, write, url, errors }: Awaited<ReturnType<typeof serveOn>>,
  detail: RegExp,
): Promise<void> {
  const response = await upload(linesFrom(0, 30_000))
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('30')
  const problem = await answerOf(response)
  expect(problem).toMatchObject({ outcome: 'none' })
  expect(problem.detail).toMatch(detail)
  // The operator is told too, once.
  await expect.poll(errors).toContain('POST /v1/writes')
  expect(await published(url)).toBe(0)
  const body: Body = JSON.stringify({ operations: [createNote(1, 1)] })
  expect((await write(body)).status).toBe(202)
}
