import type { Clock } from '../core/clock.ts'
import type { Budget } from './budget.ts'
import { DeadlineError, withDeadline } from './deadline.ts'
import { gunzip } from './gunzip.ts'
import type { ApiLimits } from './limits.ts'
import { excerpt, Problem } from './problem.ts'

export interface BodyOptions {
  /** At most so many bytes, as sent and again unpacked. */
  readonly maxBytes: number
  readonly limits: ApiLimits
  readonly clock: Clock
}

/** A request's body as it comes, unpacked. Rejects with a Problem. */
export async function* readBody(
  request: Request,
  { maxBytes, limits, clock }: BodyOptions,
): AsyncGenerator<Uint8Array> {
  const encoding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity' && encoding !== 'gzip') {
    const detail = `The content encoding is ${JSON.stringify(excerpt(encoding))}: send the body plain, or with gzip.`
    throw new Problem('unsupported-media-type', detail, { headers: { 'accept-encoding': 'gzip' } })
  }
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > maxBytes) throw tooLarge(maxBytes, declared)
  const sent = atMost(maxBytes, chunksOf(request, limits, clock))
  yield* encoding === 'gzip' ? atMost(maxBytes, gunzip(sent)) : sent
}

/** A whole body that is held in memory until its request is answered. */
export async function readWholeBody(
  request: Request,
  options: BodyOptions,
  budget: Budget,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of readBody(request, options)) {
    budget.take(chunk.byteLength)
    chunks.push(chunk)
    length += chunk.byteLength
  }
  if (length === 0) throw new Problem('bad-request', 'The body is empty.')
  return chunks.length === 1 ? chunks[0]! : concatenate(chunks, length)
}

/**
 * Takes what is left of a refused request's body, within bounds. False where something is left
 * all the same: then the connection can't serve another request.
 */
export async function discardRest(
  request: Request,
  { discardedBytes, discardMs }: ApiLimits,
  clock: Clock,
): Promise<boolean> {
  if (!request.body) return true
  if (request.body.locked) return false
  const reader = request.body.getReader()
  const readOn = async (): Promise<boolean> => {
    let length = 0
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return true
      length += value.byteLength
      if (length > discardedBytes) return false
    }
  }
  try {
    return await withDeadline(clock, discardMs, readOn())
  } catch {
    return false
  } finally {
    await reader.cancel().catch(() => {})
  }
}

async function* chunksOf(
  request: Request,
  { bodyIdleMs, bodyMs }: ApiLimits,
  clock: Clock,
): AsyncGenerator<Uint8Array> {
  const reader = request.body?.getReader()
  if (!reader) return
  const endMs = clock.monotonicMs() + bodyMs
  try {
    for (;;) {
      const waitMs = Math.min(bodyIdleMs, endMs - clock.monotonicMs())
      // A body that always has something ready would win against any deadline.
      if (waitMs <= 0) throw new DeadlineError(bodyMs)
      const { done, value } = await withDeadline(clock, waitMs, reader.read())
      if (done) return
      yield value
    }
  } catch (error) {
    await reader.cancel().catch(() => {})
    throw new Problem('bad-request', whyBroken(error, bodyIdleMs, bodyMs), { cause: error })
  } finally {
    reader.releaseLock()
  }
}

function whyBroken(error: unknown, bodyIdleMs: number, bodyMs: number): string {
  if (error instanceof DeadlineError) {
    return `The body brought nothing for ${bodyIdleMs / 1000} s, or was not whole after ${bodyMs / 1000} s. Nothing was written: send it again, in smaller requests where the way is slow.`
  }
  return 'The body ended before it was whole. Nothing was written: send it again.'
}

/** Counts while it reads: a chunked body has no length to believe, nor has what unpacks. */
async function* atMost(
  maxBytes: number,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let length = 0
  for await (const chunk of chunks) {
    length += chunk.byteLength
    if (length > maxBytes) throw tooLarge(maxBytes, length)
    yield chunk
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

function tooLarge(maxBytes: number, found: number): Problem {
  return new Problem(
    'too-large',
    `A body of this kind holds at most ${maxBytes} bytes, unpacked too; this one has ${found} bytes or more: split it into several requests.`,
    { extensions: { maxBytes } },
  )
}
