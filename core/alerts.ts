/** Every alert there is. They stay, for rules; docs/runbook.md says what each means and what to do. */
export const alertCodes = [
  'breaker_open',
  'control_unknown',
  'control_unread',
  'log_trim_failed',
  'shard_crashed',
  'shard_stopped_database',
  'shard_stopped_failing_alike',
  'shard_stopped_log_closed',
  'shard_stopped_log_out_of_range',
  'shard_stopped_log_recreated',
  'shard_stopped_unknown_content',
  'unknown_database_error',
] as const

export type AlertCode = (typeof alertCodes)[number]

/** Something that a person should look at. */
export interface Alert {
  /** Absent where it concerns the whole worker. */
  readonly shard?: number
  readonly code: AlertCode
  readonly message: string
}

export interface Alerts {
  /** Never rejects, never waits. */
  raise(alert: Alert): void
}
