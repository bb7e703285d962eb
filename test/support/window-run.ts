import { applyPlan } from '../../consumer/apply.ts'
import type { PlanLimits } from '../../core/plan.ts'
import { planWindow } from '../../core/plan.ts'
import type { Source } from '../../core/source.ts'
import type { AloneOutcome } from './model-database.ts'
import type { ModelTables } from './model-tables.ts'
import type { RowNaming } from './model-transaction.ts'
import { ModelTransaction } from './model-transaction.ts'

export type WindowOutcome = AloneOutcome | 'superseded'

/** One window as it was applied to the model. */
export interface AppliedModelWindow {
  readonly sources: readonly Source[]
  readonly before: ModelTables
  readonly after: ModelTables
  /** By place in `sources`. */
  readonly outcomes: readonly WindowOutcome[]
}

/** More than any isolation of a test's few operations takes. */
const isolationStatements = 10_000

/** Cuts operations into windows and applies each, as a worker does. */
export async function applyWindows(
  tables: ModelTables,
  sources: readonly Source[],
  limits: PlanLimits,
  naming?: RowNaming,
): Promise<AppliedModelWindow[]> {
  const windows: AppliedModelWindow[] = []
  let now = tables
  for (let rest = sources; rest.length > 0; ) {
    const window = await applyWindow(now, rest, limits, naming)
    windows.push(window)
    now = window.after
    rest = rest.slice(window.sources.length)
  }
  return windows
}

/** Applies the longest prefix that makes one window. */
export async function applyWindow(
  tables: ModelTables,
  sources: readonly Source[],
  limits: PlanLimits,
  naming?: RowNaming,
): Promise<AppliedModelWindow> {
  const plan = planWindow(sources, limits)
  const transaction = new ModelTransaction(tables, naming)
  const applied = await applyPlan(transaction, plan, isolationStatements)
  const outcomes = new Map<Source, WindowOutcome>()
  const settle = (source: Source, outcome: WindowOutcome) => {
    if (!plan.sources.includes(source)) throw new Error('an operation of another window is settled')
    if (outcomes.has(source)) throw new Error('an operation is settled twice')
    outcomes.set(source, outcome)
  }
  for (const { source, failure } of applied.failed) settle(source, failure.code)
  for (const source of applied.superseded) settle(source, 'superseded')
  return {
    sources: plan.sources,
    before: tables,
    after: transaction.tables,
    outcomes: plan.sources.map((source) => outcomes.get(source) ?? 'applied'),
  }
}
