import type { FailedOperation } from './failure.ts'
import { join, joiningOf, supersededSources } from './merge.ts'
import { objectKey } from './object-key.ts'
import type { ObjectType } from './object-type.ts'
import type { PlannedRow } from './planned-row.ts'
import { plannedRow } from './planned-row.ts'
import type { Source } from './source.ts'
import type { Effect } from './statement.ts'
import type { PlannedStatement } from './statement-group.ts'
import { levelAfter, StatementGroup } from './statement-group.ts'

/** What one transaction runs, and what is known of its operations once all of it applied. */
export interface Plan {
  /** In log order. */
  readonly sources: readonly Source[]
  /** In the order to run them. */
  readonly statements: readonly PlannedStatement[]
  readonly superseded: readonly Source[]
  /** Operations that fail although their row applies. */
  readonly failed: readonly FailedOperation[]
}

export interface PlanLimits {
  /** Statements, at most; the first operation is taken whatever it needs. */
  readonly statements: number
  /** Operations, at most. */
  readonly operations: number
}

export const noPlanLimits: PlanLimits = { statements: Infinity, operations: Infinity }

/** Plans the longest prefix of the operations that keeps within the limits. */
export function planWindow(sources: readonly Source[], limits: PlanLimits = noPlanLimits): Plan {
  const plan = new PlanBuilder(limits.statements)
  const most = Math.min(sources.length, limits.operations)
  let taken = 0
  while (taken < most && plan.add(sources[taken]!)) taken++
  return plan.build(taken === sources.length ? sources : sources.slice(0, taken))
}

class PlanBuilder {
  readonly #maxStatements: number
  #statements = 0
  readonly #groups = new Map<string, StatementGroup>()
  readonly #objects = new Map<ObjectType, TypeObjects>()

  constructor(maxStatements: number) {
    this.#maxStatements = maxStatements
  }

  /** False, with nothing changed, if the operation needs more statements than there is room for. */
  add(source: Source): boolean {
    const objects = this.#objectsOf(source.type)
    const key = objectKey(source)
    const last = objects.byKey.get(key)
    const joining = last && joiningOf(last.row, source)
    if (joining) {
      const added = joining === 'folds' ? addedTables(last.row, source) : []
      const cost = last.group.costOf(added)
      if (cost > 0 && this.#statements + cost > this.#maxStatements) return false
      this.#statements += cost
      last.group.count(added)
      join(last.row, source, joining)
      return true
    }
    const row = plannedRow(source)
    const group = this.#groupFor(row, last, objects)
    const cost = group.costOf(row.tables)
    if (this.#statements > 0 && this.#statements + cost > this.#maxStatements) return false
    this.#statements += cost
    group.rows.push(row)
    group.count(row.tables)
    this.#groups.set(groupKey(group.type, group.effect, group.level), group)
    const placed = { row, group }
    objects.byKey.set(key, placed)
    objects.last = placed
    return true
  }

  build(sources: readonly Source[]): Plan {
    const groups = [...this.#groups.values()].sort(inRunningOrder)
    const merged = groups.flatMap((group) => group.rows.filter((row) => row.sources.length > 1))
    return {
      sources,
      statements: groups.flatMap((group) => group.statements()),
      superseded: merged.flatMap(supersededSources),
      failed: merged.flatMap((row) =>
        [...(row.verdicts ?? [])].map(([source, failure]) => ({ source, failure })),
      ),
    }
  }

  #objectsOf(type: ObjectType): TypeObjects {
    let objects = this.#objects.get(type)
    if (!objects) {
      objects = { byKey: new Map(), last: undefined }
      this.#objects.set(type, objects)
    }
    return objects
  }

  #groupFor(row: PlannedRow, last: PlacedRow | undefined, objects: TypeObjects): StatementGroup {
    const { type, effect } = row
    const level = type.ordered
      ? orderedLevel(effect, last, objects.last)
      : levelAfter(last?.group.level ?? -1, effect)
    return (
      this.#groups.get(groupKey(type, effect, level)) ?? new StatementGroup(type, effect, level)
    )
  }
}

/** The tables that the row writes besides its own, once the operation folded into it. */
function addedTables(row: PlannedRow, { type, operation }: Source): readonly number[] {
  return type.tables[operation.kind].filter((table) => !row.tables.includes(table))
}

interface PlacedRow {
  readonly row: PlannedRow
  readonly group: StatementGroup
}

interface TypeObjects {
  /** Each object's last row. */
  readonly byKey: Map<string, PlacedRow>
  /** The type's last row, whose level an ordered type never goes below. */
  last: PlacedRow | undefined
}

/** Ordered types share a statement only among neighbours in the log, each of another object. */
function orderedLevel(
  effect: Effect,
  sameKey: PlacedRow | undefined,
  last: PlacedRow | undefined,
): number {
  if (!last) return levelAfter(-1, effect)
  const joins = last.row.effect === effect && sameKey?.group !== last.group
  return joins ? last.group.level : levelAfter(last.group.level, effect)
}

/** By level; within one, parents' types before children's, deletes the other way round. */
function inRunningOrder(a: StatementGroup, b: StatementGroup): number {
  if (a.level !== b.level) return a.level - b.level
  const byType = a.type.ordinal - b.type.ordinal
  if (byType !== 0) return a.effect === 'delete' ? -byType : byType
  return a.effect < b.effect ? -1 : 1
}

function groupKey(type: ObjectType, effect: Effect, level: number): string {
  return `${level} ${effect} ${type.ordinal}`
}
