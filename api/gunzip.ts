import { createGunzip } from 'node:zlib'
import { Problem } from './problem.ts'

/** What is unpacked at a time, whatever it unpacks to in all. */
const unpackedChunkBytes = 64 * 1024

/**
 * Unpacks gzip of one member or several as it comes. One way for all runtimes: DecompressionStream
 * knows one member only, and has no bound on what a chunk unpacks to. Rejects with a Problem where
 * the data is not gzip, is cut off, or where something else follows it.
 */
export async function* gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const stream = createGunzip({ chunkSize: unpackedChunkBytes })
  let failure: Error | undefined
  let wake = () => {}
  const fail = (error: Error) => {
    failure ??= error
    wake()
  }
  stream.on('error', fail)
  for (const event of ['readable', 'end']) stream.on(event, () => wake())

  /** What the stream gives from the start of a step until it is done, or the stream has ended. */
  async function* unpacked(start: (done: (error?: Error | null) => void) => void) {
    let isDone = false
    start((error) => {
      isDone = true
      if (error) fail(error)
      wake()
    })
    for (;;) {
      const chunk: Uint8Array | null = stream.read()
      if (chunk) yield chunk
      else if (failure) throw failure
      else if (isDone || stream.readableEnded) return
      else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  }

  let sent = 0
  try {
    for await (const chunk of chunks) {
      sent += chunk.byteLength
      yield* unpacked((done) => stream.write(chunk, done))
    }
    yield* unpacked(() => stream.end())
    // All runtimes take zeros behind a member for its padding, and say nothing of what follows them.
    if (stream.bytesWritten !== sent) throw new Error('something follows the last member')
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('bad-request', 'The body is not whole gzip data.', { cause: error })
  } finally {
    stream.destroy()
  }
}
