import type { ShardSession, WindowTransaction } from '../core/shard-store.ts'
import { StoreError } from '../core/shard-store.ts'
import { admit } from './admission.ts'
import type { AppliedWindow, OnSent } from './apply.ts'
import { applyPlan } from './apply.ts'
import type { AdmittedWindow, IsCancelled, Window } from './window.ts'
import { recordsOf } from './window.ts'
import { traceTransaction, withStatementSpans } from './window-tracing.ts'

/** Of what stands behind the operations that a window left out nothing ran: it shows nothing of them. */
export class ProvedNothing extends Error {
  override readonly name = 'ProvedNothing'
}

/** What a window did: of what it was cut with, only what was admitted ran. */
export interface Done {
  readonly admitted: AdmittedWindow
  readonly applied: AppliedWindow
}

export type Transacted =
  | { readonly kind: 'applied'; readonly done: Done }
  /**
   * The fence matched nothing, or the answer to COMMIT was lost: only the shard's row knows. `done` is
   * what the window did if it took effect.
   */
  | {
      readonly kind: 'unclear'
      readonly done: Done | undefined
      readonly error: StoreError
    }

export interface TransactOptions {
  readonly maxIsolationStatements: number
  readonly onSent: OnSent
  /** Asked inside the transaction. */
  readonly isCancelled: IsCancelled
  /** On this process's clock, in milliseconds since the epoch. */
  readonly nowMs: number
  /** Throws if what was done must not be recorded. */
  readonly judge: (done: Done) => void
}

/**
 * One transaction: fence, statements, failures, position. Rejects with a `StoreError`, with
 * `IsolationTooLong`, `ProvedNothing`, or with what `judge` throws, after which nothing took effect.
 */
export async function transact(
  session: ShardSession,
  window: Window,
  options: TransactOptions,
): Promise<Transacted> {
  let done: Done | undefined
  try {
    return await traceTransaction(async () => {
      const transaction = await session.begin(window.from, window.to)
      if (transaction === 'fenced') return { kind: 'unclear', done, error: fenced() }
      done = await run(transaction, window, options)
      await transaction.commit()
      return { kind: 'applied', done }
    })
  } catch (error) {
    if (isUnclear(error)) return { kind: 'unclear', done, error }
    throw error
  }
}

async function run(
  transaction: WindowTransaction,
  window: Window,
  { maxIsolationStatements, onSent, isCancelled, nowMs, judge }: TransactOptions,
): Promise<Done> {
  try {
    const admitted = await admit(window, transaction, isCancelled, nowMs)
    demandProof(window, admitted)
    const traced = withStatementSpans(transaction)
    const applied = await applyPlan(traced, admitted.plan, maxIsolationStatements, onSent)
    const done = { admitted, applied }
    judge(done)
    await transaction.record(recordsOf(admitted, applied))
    return done
  } catch (error) {
    // With its own errors the store has ended the transaction already. What a rollback says that
    // fails is not what went wrong; the store finds out at the next window.
    if (!(error instanceof StoreError)) await transaction.rollback().catch(() => {})
    throw error
  }
}

/** What would have shown that an error is an operation's own may have been settled or cancelled before. */
function demandProof({ plan, rejected }: Window, admitted: AdmittedWindow): void {
  if (plan.sources.length === 0 || admitted.plan.sources.length > 0) return
  if (rejected.some((operation) => admitted.rejected.includes(operation))) {
    throw new ProvedNothing('the operation behind those that fail did not run')
  }
}

function fenced(): StoreError {
  return new StoreError('fenced', 'FENCE', 'the shard is not where its last window left it')
}

function isUnclear(error: unknown): error is StoreError {
  return error instanceof StoreError && (error.action === 'unclear' || error.action === 'fenced')
}
