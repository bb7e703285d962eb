/** Limits of an API process that a config may change; the others, and defaults, are the API's. */
export interface ApiSettings {
  /** A request's body, at most. */
  readonly bodyBytes?: number
  /** Bodies held at one time, all requests together. */
  readonly bodyBytesInFlight?: number
  /** How long a body may bring no byte. */
  readonly bodyIdleMs?: number
  /** How long a body may take in all. */
  readonly bodyMs?: number
  /** Operations of one request. */
  readonly operations?: number
  /** Containers inside one another in a body. */
  readonly jsonDepth?: number
  /** Lines of an NDJSON body. */
  readonly ndjsonLines?: number
  /** An NDJSON body, at most, as sent and again unpacked. */
  readonly ndjsonBytes?: number
  /** One line of it. */
  readonly ndjsonLineBytes?: number
  /** NDJSON bodies that are read at one time. */
  readonly ndjsonRequests?: number
  /** What one NDJSON body may take on disk until its last line is valid. */
  readonly spoolBytes?: number
  /** The same, all requests together. */
  readonly spoolBytesInFlight?: number
  /** With less room than this left in the log, nothing is written to it. */
  readonly minLogFreeBytes?: number
}
