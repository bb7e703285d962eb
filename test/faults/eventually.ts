import { setTimeout as wait } from 'node:timers/promises'

const pollMs = 50

/**
 * Looks until the answer is there, that is, not undefined or false. Rejects after the limit with what
 * was waited for.
 */
export async function eventually<T>(
  what: string,
  limitMs: number,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const endMs = performance.now() + limitMs
  for (;;) {
    const answer = await look()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > endMs) throw new Error(`not after ${limitMs} ms: ${what}`)
    await wait(pollMs)
  }
}

/** The work's result; rejects after the limit with what was waited for. */
export async function within<T>(limitMs: number, what: string, work: Promise<T>): Promise<T> {
  const timer = Promise.withResolvers<never>()
  const late = () => timer.reject(new Error(`not after ${limitMs} ms: ${what}`))
  const timeout = setTimeout(late, limitMs)
  try {
    return await Promise.race([work, timer.promise])
  } finally {
    clearTimeout(timeout)
  }
}
