import { randomUUID } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { shardId } from '../core/position.ts'
import type { ShardMessage } from '../core/shard-batching.ts'
import type { Budget } from './budget.ts'
import type { Outbox } from './outbox.ts'
import { Problem } from './problem.ts'

/** Read back and published at a time: below what a log takes in one transaction or request. */
const groupBytes = 4 * 1024 * 1024

/** In front of each message: its shard, its operations, its bytes, as unsigned 32-bit integers. */
const headerBytes = 12

export interface SpoolOptions {
  /** Made with the first message. */
  readonly folder: string
  readonly maxBytes: number
  /** The room of all spools together. */
  readonly budget: Budget
  readonly advice: SpoolAdvice
  reportError(error: unknown): void
}

/** What clients are to do, as the end of a sentence. */
export interface SpoolAdvice {
  readonly tooLarge: string
  readonly unavailable: string
}

/**
 * A request's messages on disk. The file loses its name as soon as it is open, so that the kernel
 * frees it when it is closed or the process ends, however that ends: no other process need guess
 * whose it is.
 */
export class Spool implements Outbox, AsyncDisposable {
  readonly #options: SpoolOptions
  #file: FileHandle | undefined
  #bytes = 0
  #messages = 0
  #isDropped = false

  constructor(options: SpoolOptions) {
    this.#options = options
  }

  get messages(): number {
    return this.#messages
  }

  async add(messages: readonly ShardMessage[]): Promise<void> {
    if (messages.length === 0 || this.#isDropped) return
    const records = encodeRecords(messages)
    const { maxBytes, budget, advice } = this.#options
    if (this.#bytes + records.byteLength > maxBytes) throw tooLarge(maxBytes, advice)
    budget.take(records.byteLength)
    await this.#guard(async () => {
      this.#file ??= await openUnnamed(this.#options.folder)
      await writeAll(this.#file, records, this.#bytes)
    })
    this.#bytes += records.byteLength
    this.#messages += messages.length
  }

  /** Gives the disk back where nothing will be published; what is added from then on is not kept. */
  async drop(): Promise<void> {
    this.#isDropped = true
    await this[Symbol.asyncDispose]()
  }

  /** A group's bytes are valid until the next one is asked for: all share one piece of memory. */
  async *groups(): AsyncGenerator<readonly ShardMessage[]> {
    const memory = new Uint8Array(Math.min(groupBytes, this.#bytes))
    for (let at = 0; at < this.#bytes; ) {
      const block = memory.subarray(0, this.#bytes - at)
      await this.#guard(() => readAll(this.#file!, block, at))
      const { messages, bytes } = decodeRecords(block)
      yield messages
      at += bytes
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const file = this.#file
    this.#file = undefined
    this.#options.budget[Symbol.dispose]()
    // Nothing in it is needed any more, so it does not matter whether the last bytes reached it.
    await file?.close().catch(() => {})
  }

  /** A file system that fails is the operator's business: the client can only wait. */
  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#options.reportError(error)
      throw unavailable(error, this.#options.advice)
    }
  }
}

/** Removes what processes left that died between opening a file and taking its name. */
export async function clearSpool(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  const left = names.filter((name) => name.endsWith(suffix))
  // A folder that can't be written to is told when the first request needs it.
  await Promise.allSettled(left.map((name) => rm(join(folder, name))))
}

const suffix = '.spool'

async function openUnnamed(folder: string): Promise<FileHandle> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${randomUUID()}${suffix}`)
  // It holds rows, so it is nobody else's to read.
  const file = await open(path, 'wx+', 0o600)
  try {
    await rm(path, { force: true })
  } catch (error) {
    await file.close()
    throw error
  }
  return file
}

function encodeRecords(messages: readonly ShardMessage[]): Uint8Array {
  const length = messages.reduce((sum, { bytes }) => sum + headerBytes + bytes.byteLength, 0)
  const records = new Uint8Array(length)
  const view = new DataView(records.buffer)
  let at = 0
  for (const { shard, operations, bytes } of messages) {
    view.setUint32(at, shard)
    view.setUint32(at + 4, operations)
    view.setUint32(at + 8, bytes.byteLength)
    records.set(bytes, at + headerBytes)
    at += headerBytes + bytes.byteLength
  }
  return records
}

/** The whole records at the start of a block, and how many bytes they take. */
function decodeRecords(block: Uint8Array): { messages: ShardMessage[]; bytes: number } {
  const view = new DataView(block.buffer)
  const messages: ShardMessage[] = []
  let at = 0
  while (at + headerBytes <= block.byteLength) {
    const start = at + headerBytes
    const end = start + view.getUint32(at + 8)
    if (end > block.byteLength) break
    const shard = shardId(view.getUint32(at))
    const operations = view.getUint32(at + 4)
    messages.push({ shard, operations, bytes: block.subarray(start, end) })
    at = end
  }
  return { messages, bytes: at }
}

/** A write that meets a full disk may be short, and only the next one fails. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.byteLength - at, position + at)
    at += bytesWritten
  }
}

async function readAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    const { bytesRead } = await file.read(bytes, at, bytes.byteLength - at, position + at)
    if (bytesRead === 0) throw new Error(`a spool file ends ${bytes.byteLength - at} bytes early`)
    at += bytesRead
  }
}

function tooLarge(maxBytes: number, advice: SpoolAdvice): Problem {
  return new Problem(
    'too-large',
    `The operations of one request take at most ${maxBytes} bytes on the API's disk until they are published, these take more: ${advice.tooLarge}.`,
    { extensions: { maxSpoolBytes: maxBytes } },
  )
}

const fullDisk = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

function unavailable(error: unknown, advice: SpoolAdvice): Problem {
  const { code = 'no code' } = error as NodeJS.ErrnoException
  const why = fullDisk.has(code) ? 'has no room' : 'does not take files'
  return new Problem(
    'spool-unavailable',
    `The API's disk ${why} for the operations of this request (${code}), where they wait until the last one is valid. Nothing was written: ${advice.unavailable}.`,
    { cause: error, extensions: { outcome: 'none' }, headers: { 'retry-after': '30' } },
  )
}
