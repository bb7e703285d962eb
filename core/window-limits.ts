import type { PlanLimits } from './plan.ts'

/** Longest stretch of a shard's rate that one window may take, so that pacing stays even. */
const windowSpanMs = 100
/** Statements in a window at most, unless the config says otherwise: locks last that long. */
export const defaultMaxWindowStatements = 8
/** Operations of the window that probes a shard after its breaker opened. */
export const probeOperations = 10

/** The statements that a window may have at a rate: 100 ms worth of them, at least one. */
export function windowStatements(statementsPerSecond: number, maxStatements: number): number {
  const worth = Math.floor((statementsPerSecond * windowSpanMs) / 1000)
  return Math.max(1, Math.min(maxStatements, worth))
}

/**
 * How many operations a window may take: halved by each timeout down to one, doubled again by each
 * window that applied.
 */
export interface WindowSize {
  readonly operations: number
}

export const fullWindow: WindowSize = { operations: Infinity }

export function halved(size: WindowSize, lastOperations: number): WindowSize {
  return { operations: Math.max(1, Math.floor(Math.min(size.operations, lastOperations) / 2)) }
}

/** Above this many operations a halved window counts as full again: its statements limit it. */
const fullOperations = 16_384

export function regrown(size: WindowSize): WindowSize {
  const operations = size.operations * 2
  return operations >= fullOperations ? fullWindow : { operations }
}

export function planLimits(statements: number, size: WindowSize, isProbe: boolean): PlanLimits {
  const operations = isProbe ? Math.min(probeOperations, size.operations) : size.operations
  return { statements, operations }
}
