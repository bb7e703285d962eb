/** What one API process takes, so that no client can exhaust it. */
export interface ApiLimits {
  /** A request's body, at most, as sent and again unpacked. */
  readonly bodyBytes: number
  /** Bodies that are held at one time, all requests together; more are answered 503. */
  readonly bodyBytesInFlight: number
  /** Operations of one request. */
  readonly operations: number
  /** Containers inside one another in a body. MySQL refuses JSON nested about 100 deep. */
  readonly jsonDepth: number
  /** Errors listed in a 422; the rest are counted. */
  readonly errors: number
  /** Receipts of one lookup. */
  readonly receipts: number
  /** Shards asked at one time for one request's jobs. */
  readonly shardReads: number
  /** How long an answer waits for one shard, or for the log, before it says so. */
  readonly readTimeoutMs: number
  /** Failures read from a shard at a time: what a stream of them holds in memory. */
  readonly failuresPage: number
  /** A shard whose worker reported nothing for so long is shown as silent. */
  readonly silentAfterMs: number
  /** How old the shards' state may be that answers are made from. */
  readonly stateMaxAgeMs: number
}

const mebibyte = 1024 * 1024

export const defaultApiLimits: ApiLimits = {
  bodyBytes: 16 * mebibyte,
  bodyBytesInFlight: 128 * mebibyte,
  operations: 50_000,
  jsonDepth: 100,
  errors: 100,
  receipts: 100,
  shardReads: 16,
  readTimeoutMs: 3_000,
  failuresPage: 500,
  silentAfterMs: 10_000,
  stateMaxAgeMs: 1_000,
}
