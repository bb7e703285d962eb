import type { FailedOperation, RowFailure } from '../core/failure.ts'
import { objectKey } from '../core/object-key.ts'
import type { Plan } from '../core/plan.ts'
import { planWindow } from '../core/plan.ts'
import type { WindowTransaction } from '../core/shard-store.ts'
import type { Source } from '../core/source.ts'
import type { Statement } from '../core/statement.ts'

/** What became of a window's operations; those in neither list are applied. */
export interface AppliedWindow {
  readonly failed: readonly FailedOperation[]
  readonly superseded: readonly Source[]
  /** Statements run, those of isolation included: what is above the plan's is a debt. */
  readonly statements: number
}

export type OnSent = (statement: Statement, sent: number) => void

/** Isolating took more statements than one transaction may hold its locks for: take fewer operations. */
export class IsolationTooLong extends Error {
  override readonly name = 'IsolationTooLong'

  constructor(operations: number, maxStatements: number) {
    super(
      `isolating the failing rows among ${operations} operations took more than ${maxStatements} statements`,
    )
  }
}

/**
 * Runs a plan inside an open transaction and isolates the operations that fail: exactly those are
 * failed, all others are applied, as if each had run alone in log order.
 *
 * `onSent` is called whenever a statement is on its way, with how many were sent by then.
 */
export async function applyPlan(
  transaction: WindowTransaction,
  plan: Plan,
  maxIsolationStatements: number,
  onSent?: OnSent,
): Promise<AppliedWindow> {
  const maxStatements = plan.statements.length + maxIsolationStatements
  const application = new Application(transaction, plan, maxStatements, onSent)
  await application.apply(plan)
  return application
}

/** Why an attempt was rolled back. */
type Rejection =
  /** These operations' own keys decide, whatever the others do. */
  | { readonly kind: 'suspects'; readonly suspects: ReadonlyMap<Source, RowFailure> }
  /** Some operation failed, and nothing says which. */
  | { readonly kind: 'unnamed'; readonly failure: RowFailure }

class Application implements AppliedWindow {
  readonly failed: FailedOperation[] = []
  readonly superseded: Source[] = []
  statements = 0
  readonly #transaction: WindowTransaction
  readonly #operations: number
  readonly #maxStatements: number
  readonly #onSent: OnSent | undefined

  constructor(
    transaction: WindowTransaction,
    plan: Plan,
    maxStatements: number,
    onSent: OnSent | undefined,
  ) {
    this.#transaction = transaction
    this.#operations = plan.sources.length
    this.#maxStatements = maxStatements
    this.#onSent = onSent
  }

  async apply(plan: Plan): Promise<void> {
    const rejection = await this.#attempt(plan)
    if (!rejection) {
      // One window may hold more operations than a call takes arguments.
      for (const source of plan.superseded) this.superseded.push(source)
      for (const failed of plan.failed) this.failed.push(failed)
      return
    }
    const { sources } = plan
    if (sources.length === 1) {
      this.failed.push({ source: sources[0]!, failure: failureOf(rejection) })
    } else if (rejection.kind === 'suspects') {
      const objects = objectsOf(sources, rejection.suspects)
      if ([...objects.values()].every(mayRunLast)) {
        await this.#applyWithout(sources, rejection.suspects, objects)
      } else {
        await this.#applyHalves(sources)
      }
    } else {
      await this.#applyHalves(sources)
    }
  }

  /** Runs all statements under a savepoint, or goes back to it and says why. */
  async #attempt(plan: Plan): Promise<Rejection | undefined> {
    const suspects = new Map<Source, RowFailure>()
    await this.#transaction.savepoint()
    for (const statement of plan.statements) {
      if (this.statements === this.#maxStatements) {
        throw new IsolationTooLong(this.#operations, this.#maxStatements)
      }
      this.statements++
      const running = this.#transaction.run(statement)
      this.#onSent?.(statement, this.statements)
      const result = await running
      if (result.kind === 'failed') {
        await this.#transaction.rollbackToSavepoint()
        if (suspects.size > 0) return { kind: 'suspects', suspects }
        return { kind: 'unnamed', failure: result.failure }
      }
      if (result.kind === 'done') continue
      // The other statements run on, so that one attempt names all suspects.
      for (const { row, failure } of result.verdicts) {
        // The first verdict counts: parents' tables come first, and decide if an object is there.
        for (const source of statement.rows[row]!.sources) {
          if (!suspects.has(source)) suspects.set(source, failure)
        }
      }
    }
    if (suspects.size === 0) return undefined
    await this.#transaction.rollbackToSavepoint()
    return { kind: 'suspects', suspects }
  }

  /**
   * Applies the operations on all other objects together. Then a suspect that is its object's only
   * operation is failed as found; those of objects with several run singly.
   */
  async #applyWithout(
    sources: readonly Source[],
    suspects: ReadonlyMap<Source, RowFailure>,
    suspectObjects: ReadonlyMap<string, readonly Source[]>,
  ): Promise<void> {
    const others = sources.filter((source) => !suspectObjects.has(qualifiedKey(source)))
    if (others.length > 0) await this.apply(planWindow(others))
    for (const siblings of suspectObjects.values()) {
      const [only] = siblings
      if (siblings.length === 1) {
        this.failed.push({ source: only!, failure: suspects.get(only!)! })
      } else {
        for (const source of siblings) await this.apply(planWindow([source]))
      }
    }
  }

  /** A verdict counts only after what stands before it in the log has run. */
  async #applyHalves(sources: readonly Source[]): Promise<void> {
    const middle = Math.ceil(sources.length / 2)
    await this.apply(planWindow(sources.slice(0, middle)))
    await this.apply(planWindow(sources.slice(middle)))
  }
}

/** The operations on each object that has a suspect among them. */
function objectsOf(
  sources: readonly Source[],
  suspects: ReadonlyMap<Source, RowFailure>,
): Map<string, Source[]> {
  const objects = new Map<string, Source[]>()
  for (const suspect of suspects.keys()) objects.set(qualifiedKey(suspect), [])
  for (const source of sources) objects.get(qualifiedKey(source))?.push(source)
  return objects
}

/**
 * Whether it makes no difference that an object's operations come after those on all others. A
 * single suspect does nothing; of several, one may take or free a unique value.
 */
function mayRunLast(siblings: readonly Source[]): boolean {
  const { type } = siblings[0]!
  if (!type.independent || type.ordered) return false
  if (siblings.length === 1) return true
  for (const { constrained } of type.properties.values()) if (constrained) return false
  return true
}

function failureOf(rejection: Rejection): RowFailure {
  if (rejection.kind === 'unnamed') return rejection.failure
  const [failure] = rejection.suspects.values()
  return failure!
}

function qualifiedKey(source: Source): string {
  return `${source.type.ordinal} ${objectKey(source)}`
}
