/** Something that a person should look at. */
export interface Alert {
  /** Absent where it concerns the whole worker. */
  readonly shard?: number
  /** Stable, for rules and runbooks: `breaker_open`, `shard_stopped`, … */
  readonly code: string
  readonly message: string
}

export interface Alerts {
  /** Never rejects, never waits. */
  raise(alert: Alert): void
}
