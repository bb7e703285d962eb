/** What one API process takes, so that no client can exhaust it. */
export interface ApiLimits {
  /** A request's body, at most, as sent and again unpacked. */
  readonly bodyBytes: number
  /** Bodies that are held at one time, all requests together; more are answered 503. */
  readonly bodyBytesInFlight: number
  /** How long a body may bring no byte. */
  readonly bodyIdleMs: number
  /** How long a body may take in all: one that trickles must not keep its place for ever. */
  readonly bodyMs: number
  /**
   * What is read and dropped of a body whose request was refused: an answer amid a body is lost to
   * most clients, who go on writing and find the connection closed.
   */
  readonly discardedBytes: number
  readonly discardMs: number
  /** Operations of one request. */
  readonly operations: number
  /** Containers inside one another in a body. MySQL refuses JSON nested about 100 deep. */
  readonly jsonDepth: number
  /** Errors listed in a 422; the rest are counted. */
  readonly errors: number
  /** Lines of an NDJSON body, empty ones too, since they cost time as well. */
  readonly ndjsonLines: number
  /**
   * An NDJSON body, at most, as sent and again unpacked. It bounds what a small gzip body can ask
   * for; a bound on the ratio would refuse honest lines that are alike.
   */
  readonly ndjsonBytes: number
  /** One line. A message's 256 KiB can take six times as many where every character is escaped. */
  readonly ndjsonLineBytes: number
  /** NDJSON bodies that are read at one time: each holds some 50 MiB in memory at most. */
  readonly ndjsonRequests: number
  /** What one NDJSON body may take on disk until its last line is valid. */
  readonly spoolBytes: number
  /** The same, all requests together; more are answered 503. */
  readonly spoolBytesInFlight: number
  /**
   * How long messages that were certainly not written are offered to the log again once others of
   * their job are in it: a job by half is what nobody wants.
   */
  readonly publishRetryMs: number
  /** Keyed requests whose answers are kept for when they come again; the oldest are forgotten. */
  readonly answeredRequests: number
  /** What their receipts may have in all, in characters: with all else, five times as many bytes. */
  readonly answeredReceiptsLength: number
  /**
   * With less room than this left in the log nothing is written to it: a broker whose disk is full
   * stops. 1 GiB, or a tenth of a smaller disk, unless it is set.
   */
  readonly minLogFreeBytes?: number
  /** Receipts of one lookup. */
  readonly receipts: number
  /** Shards asked at one time for one request's jobs. */
  readonly shardReads: number
  /** How long an answer waits for one shard, or for the log, before it says so. */
  readonly readTimeoutMs: number
  /** How long a cancel waits for the workers to know of it, and to be past what they had begun. */
  readonly cancelWaitMs: number
  /** Cancelled jobs that the log still holds: every process keeps them in mind. */
  readonly cancelledJobs: number
  /** Failures read from a shard at a time: what a stream of them holds in memory. */
  readonly failuresPage: number
  /** A shard whose worker reported nothing for so long is shown as silent. */
  readonly silentAfterMs: number
  /** How old the shards' state may be that answers are made from. */
  readonly stateMaxAgeMs: number
}

const mebibyte = 1024 * 1024
const gibibyte = 1024 * mebibyte

export const defaultApiLimits: ApiLimits = {
  bodyBytes: 16 * mebibyte,
  bodyBytesInFlight: 128 * mebibyte,
  bodyIdleMs: 30_000,
  bodyMs: 3_600_000,
  discardedBytes: 64 * mebibyte,
  discardMs: 5_000,
  operations: 50_000,
  jsonDepth: 100,
  errors: 100,
  ndjsonLines: 5_000_000,
  ndjsonBytes: 2 * gibibyte,
  ndjsonLineBytes: 2 * mebibyte,
  ndjsonRequests: 8,
  spoolBytes: 2 * gibibyte,
  spoolBytesInFlight: 8 * gibibyte,
  publishRetryMs: 30_000,
  answeredRequests: 20_000,
  answeredReceiptsLength: 8 * mebibyte,
  receipts: 100,
  shardReads: 16,
  readTimeoutMs: 3_000,
  cancelWaitMs: 2_000,
  cancelledJobs: 100_000,
  failuresPage: 500,
  silentAfterMs: 10_000,
  stateMaxAgeMs: 1_000,
}
