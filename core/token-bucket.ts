/**
 * A shard's rate as a generic cell rate algorithm (GCRA): permits are spaced by 1/rate, and no unused
 * ones are saved up, so nothing bursts after idling, a takeover, a pause or a clock jump.
 *
 * Pure: the caller brings the monotonic time and does the waiting.
 */
export interface TokenBucket {
  /** Permits per second; Infinity is no limit. */
  readonly permitsPerSecond: number
  /** The earliest time of the next permit, in milliseconds of the monotonic clock. */
  readonly nextAtMs: number
}

export function tokenBucket(permitsPerSecond: number): TokenBucket {
  if (!(permitsPerSecond > 0)) {
    throw new RangeError(`a rate must be above 0 permits per second, not ${permitsPerSecond}`)
  }
  return { permitsPerSecond, nextAtMs: Number.NEGATIVE_INFINITY }
}

/**
 * Takes permits, whose holder may go on after `waitMs`; whoever comes next waits for their spacing,
 * so what a window needs is paid by the time that follows it.
 */
export function takePermits(
  bucket: TokenBucket,
  permits: number,
  nowMs: number,
): { readonly bucket: TokenBucket; readonly waitMs: number } {
  const startMs = Math.max(bucket.nextAtMs, nowMs)
  const nextAtMs = startMs + spacingMs(bucket, permits)
  return { bucket: { ...bucket, nextAtMs }, waitMs: startMs - nowMs }
}

/** Charges permits for what ran unpaid, such as isolating bad rows: a debt that the next one waits out. */
export function chargePermits(bucket: TokenBucket, permits: number, nowMs: number): TokenBucket {
  return takePermits(bucket, permits, nowMs).bucket
}

/** Gives permits back that were taken and not used. What nobody waits for is not saved up by it. */
export function returnPermits(bucket: TokenBucket, permits: number): TokenBucket {
  return { ...bucket, nextAtMs: bucket.nextAtMs - spacingMs(bucket, permits) }
}

function spacingMs(bucket: TokenBucket, permits: number): number {
  return (permits * 1000) / bucket.permitsPerSecond
}
