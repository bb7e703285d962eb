import type { FailedOperation } from './failure.ts'
import { type Joining, join, joiningOf, supersededSources } from './merge.ts'
import { objectKey } from './object-key.ts'
import type { ObjectType } from './object-type.ts'
import { foldedBytes } from './operation-bytes.ts'
import type { PlannedRow } from './planned-row.ts'
import { plannedRow } from './planned-row.ts'
import { Precedence } from './precedence.ts'
import type { Source } from './source.ts'
import type { Effect } from './statement.ts'
import type { PlannedStatement } from './statement-group.ts'
import { inRunningOrder, levelAfter, StatementGroup } from './statement-group.ts'

/** What one transaction runs, and what is known of its operations once all of it applied. */
export interface Plan {
  /** In log order. */
  readonly sources: readonly Source[]
  /** In the order to run them. */
  readonly statements: readonly PlannedStatement[]
  readonly superseded: readonly Source[]
  /** Operations that fail although their row applies. */
  readonly failed: readonly FailedOperation[]
  /** The limit that it was made with, for plans of parts of it. */
  readonly statementBytes: number
}

export interface PlanLimits {
  /** Statements, at most; the first operation is taken whatever it needs. */
  readonly statements: number
  /** Operations, at most. */
  readonly operations: number
  /** Bytes of one statement's rows, at most, as `operationBytes` counts; absent is no limit. */
  readonly statementBytes?: number
}

export const noPlanLimits: PlanLimits = { statements: Infinity, operations: Infinity }

/** Plans the longest prefix of the operations that keeps within the limits. */
export function planWindow(sources: readonly Source[], limits: PlanLimits = noPlanLimits): Plan {
  const planner = new WindowPlanner(limits)
  for (const source of sources) if (!planner.add(source)) break
  return planner.plan()
}

/** Takes operations in log order, one by one, for as long as they keep within the limits. */
export class WindowPlanner {
  readonly #limits: PlanLimits
  readonly #sources: Source[] = []
  #statements = 0
  readonly #objects = new Map<ObjectType, TypeObjects>()
  readonly #precedence = new Precedence()
  /** The last row of all ordered types. */
  #lastOrdered: PlacedRow | undefined

  constructor(limits: PlanLimits) {
    this.#limits = limits
  }

  /** False, with nothing changed, if the operation is more than there is room for. */
  add(source: Source): boolean {
    if (this.#sources.length >= this.#limits.operations || !this.#place(source)) return false
    this.#sources.push(source)
    return true
  }

  #place(source: Source): boolean {
    const objects = this.#objectsOf(source.type)
    const key = objectKey(source)
    const last = objects.byKey.get(key)
    const joining = last && this.#isCurrent(last) && joiningOf(last.row, source)
    if (joining) return this.#join(last, source, joining)
    const row = plannedRow(source)
    const group = this.#groupFor(row, source, last, objects)
    const cost = group.costOf(row.tables, 1, row.bytes)
    if (this.#statements > 0 && !this.#hasRoomFor(cost)) return false
    this.#statements += cost
    if (group.rows.length === 0) objects.groups.set(groupKey(group.level, group.effect), group)
    group.rows.push(row)
    group.count(row.tables, 1, row.bytes)
    const placed = { row, group }
    objects.byKey.set(key, placed)
    if (source.type.ordered) this.#lastOrdered = placed
    if (source.type.entangled) this.#precedence.place(source, group)
    return true
  }

  #join({ row, group }: PlacedRow, source: Source, joining: Joining): boolean {
    if (joining === 'folds') {
      const bytes = foldedBytes(row, source.operation)
      const added = addedTables(row, source)
      const cost = group.costOf(row.tables, 0, bytes) + group.costOf(added, 1, row.bytes + bytes)
      if (cost > 0 && !this.#hasRoomFor(cost)) return false
      this.#statements += cost
      group.count(row.tables, 0, bytes)
      group.count(added, 1, row.bytes + bytes)
      row.bytes += bytes
    }
    join(row, source, joining)
    return true
  }

  plan(): Plan {
    const groups = [...this.#objects.values()]
      .flatMap((objects) => [...objects.groups.values()])
      .sort(inRunningOrder)
    const merged = groups.flatMap((group) => group.rows.filter((row) => row.sources.length > 1))
    return {
      sources: this.#sources,
      statements: groups.flatMap((group) => group.statements()),
      superseded: merged.flatMap(supersededSources),
      failed: merged.flatMap((row) =>
        [...(row.verdicts ?? [])].map(([source, failure]) => ({ source, failure })),
      ),
      statementBytes: this.#limits.statementBytes ?? Infinity,
    }
  }

  #hasRoomFor(statements: number): boolean {
    return this.#statements + statements <= this.#limits.statements
  }

  #objectsOf(type: ObjectType): TypeObjects {
    let objects = this.#objects.get(type)
    if (!objects) {
      objects = { byKey: new Map(), groups: new Map() }
      this.#objects.set(type, objects)
    }
    return objects
  }

  #isCurrent({ row, group }: PlacedRow): boolean {
    return !row.type.entangled || this.#precedence.isCurrent(group)
  }

  #groupFor(
    row: PlannedRow,
    source: Source,
    last: PlacedRow | undefined,
    objects: TypeObjects,
  ): StatementGroup {
    const { type, effect } = row
    const natural = type.ordered
      ? orderedLevel(row, last, this.#lastOrdered)
      : levelAfter(last?.group.level ?? -1, effect)
    const floor = type.entangled ? this.#precedence.floorOf(source, effect) : 0
    const level = Math.max(natural, floor)
    return (
      objects.groups.get(groupKey(level, effect)) ??
      new StatementGroup(type, effect, level, this.#limits.statementBytes)
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
  readonly groups: Map<number, StatementGroup>
}

/**
 * Ordered types share a statement only among neighbours in the log, each of another object. Their
 * order is one for all of them, since a trigger of one may write to another.
 */
function orderedLevel(
  row: PlannedRow,
  sameKey: PlacedRow | undefined,
  last: PlacedRow | undefined,
): number {
  if (!last) return levelAfter(-1, row.effect)
  const joins =
    last.row.type === row.type && last.row.effect === row.effect && sameKey?.group !== last.group
  return joins && runsInOrder(last.row, row)
    ? last.group.level
    : levelAfter(last.group.level, row.effect)
}

/** Whether one statement runs the rows in this order: MySQL deletes in that of the key. */
function runsInOrder(first: PlannedRow, second: PlannedRow): boolean {
  const { type, effect, tables } = second
  // A statement per table would run one table's rows before the next one's.
  if (tables.length > 1 || first.tables.length > 1) return false
  return effect !== 'delete' || type.compareKeys(first.set, second.set) < 0
}

const effectNumbers: Readonly<Record<Effect, number>> = {
  delete: 0,
  create: 1,
  upsert: 2,
  modify: 3,
}

const effectCount = 4

/** A number, since it is made for every operation. */
function groupKey(level: number, effect: Effect): number {
  return level * effectCount + effectNumbers[effect]
}
