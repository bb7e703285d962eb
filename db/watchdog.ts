import { StoreError } from '../core/shard-store.ts'

/** How long a killed statement may take to end before its connection is dropped all the same. */
const killGraceMs = 2_000

export interface Watched {
  readonly timeoutMs: number
  /** Ends the statement on the server. False if the server could not be told. */
  readonly kill: () => Promise<boolean>
  /** Drops the connection: after a kill nobody knows which statement it will hit. */
  readonly discard: (why: StoreError) => void
}

/**
 * Lets a statement run for `timeoutMs`, then has the server end it. (A timeout of the client alone
 * would leave it running, to be applied later.) Rejects with `timeout` then, unless the statement
 * got through before the kill: that answer counts, though the connection is gone.
 */
export async function watch<T>(work: Promise<T>, watched: Watched): Promise<T> {
  const { promise: expired, resolve: expire } = Promise.withResolvers<typeof late>()
  const timer = setTimeout(() => expire(late), watched.timeoutMs)
  try {
    const first = await Promise.race([work, expired])
    if (first !== late) return first
  } finally {
    clearTimeout(timer)
  }
  return end(work, watched)
}

async function end<T>(work: Promise<T>, { timeoutMs, kill, discard }: Watched): Promise<T> {
  const why = new StoreError(
    'timeout',
    'STATEMENT_TIMEOUT',
    `a statement took longer than ${timeoutMs} ms and was ended`,
  )
  const settled = work.then(
    (value) => ({ value }),
    () => undefined,
  )
  const killed = await kill()
  const outcome = killed ? await Promise.race([settled, after(killGraceMs)]) : undefined
  discard(why)
  if (outcome) return outcome.value
  throw why
}

function after(ms: number): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  setTimeout(resolve, ms, undefined).unref()
  return promise
}

const late = Symbol('late')
