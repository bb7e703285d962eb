import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { ByteBudget } from './byte-budget.ts'
import { Problem } from './problem.ts'

/** One way for all runtimes: DecompressionStream has no bound on what one chunk unpacks to. */
const unpack = promisify(gunzip)

/** A request's JSON body, unpacked, at most `maxBytes` before and after. Rejects with a Problem. */
export async function readJsonBody(
  request: Request,
  maxBytes: number,
  budget: ByteBudget,
): Promise<Uint8Array> {
  requireJson(request.headers.get('content-type'))
  const encoding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new Problem('unsupported-media-type', 'Bodies are read plain or with gzip.', {
      headers: { 'accept-encoding': 'gzip' },
    })
  }
  const body = await readBytes(request, maxBytes, budget)
  if (encoding === 'identity') return body
  const unpacked = await gunzipBounded(body, maxBytes)
  budget.take(unpacked.byteLength)
  return unpacked
}

function requireJson(contentType: string | null): void {
  const [type, ...parameters] = (contentType ?? '').toLowerCase().split(';')
  const charset = parameters.find((parameter) => parameter.trim().startsWith('charset='))
  const utf8 = !charset || /^\s*charset="?utf-8"?\s*$/.test(charset)
  if (type!.trim() === 'application/json' && utf8) return
  const found = contentType === null ? 'none was sent' : 'another was sent'
  throw new Problem(
    'unsupported-media-type',
    `The content type must be application/json in UTF-8; ${found}.`,
  )
}

/** Counts while it reads: a chunked body has no length to believe. */
async function readBytes(
  request: Request,
  maxBytes: number,
  budget: ByteBudget,
): Promise<Uint8Array> {
  const declared = Number(request.headers.get('content-length') ?? 0)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunksOf(request)) {
    length += chunk.byteLength
    if (Math.max(declared, length) <= maxBytes) {
      budget.take(chunk.byteLength)
      chunks.push(chunk)
      continue
    }
    chunks.length = 0
    if (Math.max(declared, length) > maxBytes * discardedBodies) break
  }
  if (Math.max(declared, length) > maxBytes) throw tooLarge(maxBytes, declared)
  if (length === 0) throw new Problem('bad-request', 'The body is empty.')
  return chunks.length === 1 ? chunks[0]! : concatenate(chunks, length)
}

/**
 * A body that is too large is read to its end up to so many times the limit, without being kept:
 * an answer amid a body is lost to most clients, who go on writing and find the connection closed.
 */
const discardedBodies = 4

async function* chunksOf(request: Request): AsyncGenerator<Uint8Array> {
  const reader = request.body?.getReader()
  if (!reader) return
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } catch (error) {
    throw new Problem('bad-request', 'The body ended before it was whole.', { cause: error })
  } finally {
    // What a reader did not take: of a body that has ended, or failed, nothing is left.
    await reader.cancel().catch(() => {})
  }
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const body = new Uint8Array(length)
  let end = 0
  for (const chunk of chunks) {
    body.set(chunk, end)
    end += chunk.byteLength
  }
  return body
}

async function gunzipBounded(body: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  try {
    return await unpack(body, { maxOutputLength: maxBytes })
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes, 0)
    throw new Problem('bad-request', 'The body is not whole gzip data.', { cause: error })
  }
}

function tooLarge(maxBytes: number, declared: number): Problem {
  const found = declared > maxBytes ? `${declared} bytes` : 'more'
  return new Problem(
    'too-large',
    `A body holds at most ${maxBytes} bytes, unpacked too; this one has ${found}: split it into several requests.`,
    // What may be left of the body is not read, so the connection can't serve another request.
    { extensions: { maxBytes }, headers: { connection: 'close' } },
  )
}
