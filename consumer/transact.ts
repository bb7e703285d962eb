import type { ShardSession, WindowTransaction } from '../core/shard-store.ts'
import { StoreError } from '../core/shard-store.ts'
import type { AppliedWindow, OnSent } from './apply.ts'
import { applyPlan } from './apply.ts'
import type { Window } from './window.ts'
import { recordsOf } from './window.ts'
import { traceTransaction, withStatementSpans } from './window-tracing.ts'

export type Transacted =
  | { readonly kind: 'applied'; readonly applied: AppliedWindow }
  /**
   * The fence matched nothing, or the answer to COMMIT was lost: only the shard's row knows. `applied`
   * is what the window did if it took effect.
   */
  | {
      readonly kind: 'unclear'
      readonly applied: AppliedWindow | undefined
      readonly error: StoreError
    }

export interface TransactOptions {
  readonly maxIsolationStatements: number
  readonly onSent: OnSent
  /** Throws if what was applied must not be recorded. */
  readonly judge: (applied: AppliedWindow) => void
}

/**
 * One transaction: fence, statements, failures, position. Rejects with a `StoreError`, with
 * `IsolationTooLong`, or with what `judge` throws, after which nothing took effect.
 */
export async function transact(
  session: ShardSession,
  window: Window,
  options: TransactOptions,
): Promise<Transacted> {
  let applied: AppliedWindow | undefined
  try {
    return await traceTransaction(async () => {
      const transaction = await session.begin(window.from, window.to)
      if (transaction === 'fenced') return { kind: 'unclear', applied, error: fenced() }
      applied = await run(transaction, window, options)
      await transaction.commit()
      return { kind: 'applied', applied }
    })
  } catch (error) {
    if (isUnclear(error)) return { kind: 'unclear', applied, error }
    throw error
  }
}

async function run(
  transaction: WindowTransaction,
  window: Window,
  { maxIsolationStatements, onSent, judge }: TransactOptions,
): Promise<AppliedWindow> {
  try {
    const traced = withStatementSpans(transaction)
    const applied = await applyPlan(traced, window.plan, maxIsolationStatements, onSent)
    judge(applied)
    await transaction.record(recordsOf(window, applied))
    return applied
  } catch (error) {
    // With its own errors the store has ended the transaction already. What a rollback says that
    // fails is not what went wrong; the store finds out at the next window.
    if (!(error instanceof StoreError)) await transaction.rollback().catch(() => {})
    throw error
  }
}

function fenced(): StoreError {
  return new StoreError('fenced', 'FENCE', 'the shard is not where its last window left it')
}

function isUnclear(error: unknown): error is StoreError {
  return error instanceof StoreError && (error.action === 'unclear' || error.action === 'fenced')
}
