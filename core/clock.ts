/** Time as the core sees it; tests and the simulator bring their own. */
export interface Clock {
  /** Milliseconds on a clock that never jumps; its zero is arbitrary. */
  monotonicMs(): number
  /** Milliseconds since the epoch, for people and for records. */
  epochMs(): number
  /** Resolves after `ms`, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Resolves once answers that have arrived were taken: between the parts of a long computation. */
  turn(): Promise<void>
}
