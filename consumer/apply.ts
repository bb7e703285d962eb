import { type FailedOperation, isOfKey, isOfValues, type RowFailure } from '../core/failure.ts'
import { objectKey } from '../core/object-key.ts'
import type { Plan } from '../core/plan.ts'
import { noPlanLimits, planWindow } from '../core/plan.ts'
import type { WindowTransaction } from '../core/shard-store.ts'
import type { Source } from '../core/source.ts'
import type { RowVerdict, Statement, StatementFailure, StatementResult } from '../core/statement.ts'
import type { PlannedStatement } from '../core/statement-group.ts'
import { findFailingRows } from './failing-rows.ts'

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
interface Rejection {
  /** The first verdict, or what MySQL said of the statement that failed. */
  readonly failure: RowFailure
  /** Operations that probably fail, each with its verdict; there may be others, or none named. */
  readonly suspects: ReadonlyMap<Source, RowFailure>
}

class Application implements AppliedWindow {
  readonly failed: FailedOperation[] = []
  readonly superseded: Source[] = []
  statements = 0
  readonly #transaction: WindowTransaction
  readonly #operations: number
  readonly #statementBytes: number
  readonly #maxStatements: number
  readonly #onSent: OnSent | undefined
  /** Until one of them proves wrong. */
  #asksNames = true

  constructor(
    transaction: WindowTransaction,
    plan: Plan,
    maxStatements: number,
    onSent: OnSent | undefined,
  ) {
    this.#transaction = transaction
    this.#operations = plan.sources.length
    this.#statementBytes = plan.statementBytes
    this.#maxStatements = maxStatements
    this.#onSent = onSent
  }

  /** True if all of it got through at once. */
  async apply(plan: Plan): Promise<boolean> {
    const rejection = await this.#attempt(plan)
    const { sources } = plan
    if (!rejection) {
      // One window may hold more operations than a call takes arguments.
      for (const source of plan.superseded) this.superseded.push(source)
      for (const failed of plan.failed) this.failed.push(failed)
      return true
    }
    if (sources.length === 1) {
      this.failed.push({ source: sources[0]!, failure: rejection.failure })
    } else if (rejection.suspects.size > 0) {
      await this.#applyAround(sources, rejection.suspects)
    } else {
      await this.#applyHalves(sources)
    }
    return false
  }

  /** Runs all statements under a savepoint, or goes back to it and says why. */
  async #attempt(plan: Plan): Promise<Rejection | undefined> {
    const suspects = new Map<Source, RowFailure>()
    let failure: RowFailure | undefined
    await this.#transaction.savepoint()
    for (const statement of plan.statements) {
      const result = await this.#run(statement)
      if (result.kind === 'done') continue
      if (result.kind === 'failed') {
        if (suspects.size === 0 && plan.sources.length > 1) {
          await this.#findSuspects(statement, result, suspects)
        }
        failure ??= result.failure
        break
      }
      // The other statements run on, so that one attempt names all suspects.
      for (const verdict of result.verdicts) {
        failure ??= verdict.failure
        suspect(statement, verdict, suspects)
      }
    }
    if (!failure) return undefined
    await this.#transaction.rollbackToSavepoint()
    return { failure, suspects }
  }

  async #run(statement: PlannedStatement, naming = false): Promise<StatementResult> {
    if (this.statements === this.#maxStatements) {
      throw new IsolationTooLong(this.#operations, this.#maxStatements)
    }
    this.statements++
    const transaction = this.#transaction
    const running = naming ? transaction.runNaming(statement) : transaction.run(statement)
    this.#onSent?.(statement, this.statements)
    return await running
  }

  async #findSuspects(
    statement: PlannedStatement,
    failure: StatementFailure,
    suspects: Map<Source, RowFailure>,
  ): Promise<void> {
    const { rows } = statement
    const found = await findFailingRows(
      rows.length,
      failure,
      (start, end, naming) => this.#run({ ...statement, rows: rows.slice(start, end) }, naming),
      this.#asksNames,
    )
    if (found === 'misnamed') this.#asksNames = false
    else for (const failing of found) suspect(statement, failing, suspects)
  }

  /** Objects that other objects can't decide about stand aside; else log order decides. */
  async #applyAround(
    sources: readonly Source[],
    suspects: ReadonlyMap<Source, RowFailure>,
  ): Promise<void> {
    const objects = objectsOf(sources, suspects)
    for (const [key, siblings] of objects) {
      if (!standsAlone(siblings, suspects)) objects.delete(key)
    }
    if (objects.size > 0) await this.#applyWithout(sources, suspects, objects)
    else await this.#applyInOrder(sources, suspects)
  }

  /**
   * Applies the operations on all other objects together, then those of the suspects' objects, each
   * alone: no operation fails on the word of a name, only by itself, or since all others got through.
   * Of objects with several operations the first ones go together, and then what follows them: of a
   * thousand objects with ten operations each, that takes ten rounds, not ten thousand statements.
   */
  async #applyWithout(
    sources: readonly Source[],
    suspects: ReadonlyMap<Source, RowFailure>,
    objects: ReadonlyMap<string, readonly Source[]>,
  ): Promise<void> {
    const others = sources.filter((source) => !objects.has(qualifiedKey(source)))
    const othersApplied = others.length === 0 || (await this.apply(this.#plan(others)))
    const firsts = new Set<Source>()
    for (const siblings of objects.values()) {
      const [first] = siblings
      const failure = suspects.get(first!)
      if (siblings.length > 1) firsts.add(first!)
      else if (failure && (isOfKey(failure) || (othersApplied && suspects.size === 1))) {
        this.failed.push({ source: first!, failure })
      } else await this.apply(this.#plan([first!]))
    }
    if (firsts.size === 0) return
    await this.apply(this.#plan([...firsts]))
    const followers = [...objects.values()].filter((siblings) => siblings.length > 1).flat()
    await this.apply(this.#plan(followers.filter((source) => !firsts.has(source))))
  }

  /** Each suspect alone at its place in the log, what lies between them together. */
  async #applyInOrder(
    sources: readonly Source[],
    suspects: ReadonlyMap<Source, RowFailure>,
  ): Promise<void> {
    let start = 0
    for (const [i, source] of sources.entries()) {
      if (!suspects.has(source)) continue
      if (i > start) await this.apply(this.#plan(sources.slice(start, i)))
      await this.apply(this.#plan([source]))
      start = i + 1
    }
    if (start < sources.length) await this.apply(this.#plan(sources.slice(start)))
  }

  /** Parts of the window take as many statements as they need, none larger than the window's. */
  #plan(sources: readonly Source[]): Plan {
    return planWindow(sources, { ...noPlanLimits, statementBytes: this.#statementBytes })
  }

  /** A verdict counts only after what stands before it in the log has run. */
  async #applyHalves(sources: readonly Source[]): Promise<void> {
    const middle = Math.ceil(sources.length / 2)
    await this.apply(this.#plan(sources.slice(0, middle)))
    await this.apply(this.#plan(sources.slice(middle)))
  }
}

/** The first verdict counts: parents' tables come first, and decide if an object is there. */
function suspect(
  statement: PlannedStatement,
  { row, failure }: RowVerdict,
  suspects: Map<Source, RowFailure>,
): void {
  for (const source of statement.rows[row]!.sources) {
    if (!suspects.has(source)) suspects.set(source, failure)
  }
}

/** The operations on each object that has a suspect among them. */
function objectsOf(
  sources: readonly Source[],
  suspects: ReadonlyMap<Source, RowFailure>,
): Map<string, Source[]> {
  const objects = new Map<string, Source[]>()
  for (const source of suspects.keys()) objects.set(qualifiedKey(source), [])
  for (const source of sources) objects.get(qualifiedKey(source))?.push(source)
  return objects
}

/**
 * Whether it makes no difference that an object's operations come after those on all others: its key
 * or its own values decide. A single suspect does nothing; of several, one may take or free a unique
 * value.
 */
function standsAlone(
  siblings: readonly Source[],
  suspects: ReadonlyMap<Source, RowFailure>,
): boolean {
  const { type } = siblings[0]!
  if (!type.independent || type.ordered) return false
  for (const source of siblings) {
    const failure = suspects.get(source)
    if (failure && !isOfKey(failure) && !isOfValues(failure)) return false
  }
  if (siblings.length === 1) return true
  for (const { constrained } of type.properties.values()) if (constrained) return false
  return true
}

function qualifiedKey(source: Source): string {
  return `${source.type.ordinal} ${objectKey(source)}`
}
