import { keyText } from './object-key.ts'
import type { ObjectType, ParentLink } from './object-type.ts'
import type { Operation, OperationKind, WireObject } from './operation.ts'
import type { Source } from './source.ts'
import type { Effect } from './statement.ts'
import type { StatementGroup } from './statement-group.ts'
import { levelAfter, runsBehind } from './statement-group.ts'

/**
 * What must not change places within a window, so that its rows and outcomes are those of log order.
 *
 * Most of it needs no care: an operation that runs before an earlier one and takes something away
 * from it makes that one fail, and then all runs again in log order. What nobody would see is the
 * opposite, an operation that makes an earlier one succeed that alone fails: it frees a unique value,
 * makes a parent, removes a child. Such a row runs behind the rows that it could help. What a
 * cascade may reach keeps log order with it on both sides.
 */
export class Precedence {
  readonly #traces = new Map<string, Trace>()

  /** The lowest level at which the operation's row may run. */
  floorOf({ type, operation }: Source, effect: Effect): number {
    const place: Place = { type, effect }
    const own = this.#traceOf(type.name)
    let floor = levelBehind(place, own.cascades)
    const runBehind = (group: StatementGroup | undefined) => {
      floor = Math.max(floor, levelBehind(place, group))
    }
    // A statement takes and frees values row by row, in the order of its rows.
    if (frees(type, operation)) floor = Math.max(floor, levelBehind(place, own.takes, true))
    if (provides(type, operation)) {
      runBehind(own.neededByKey.get(keyText(type.key, operation.object)))
      runBehind(own.neededOtherwise)
    }
    for (const { parent, changeable } of type.parents) {
      if (releases(operation, changeable)) runBehind(this.#traceOf(parent).drops)
    }
    if (drops(type, operation)) {
      // Not for what comes out, but so that children that go before their parents do not fail here.
      runBehind(own.released)
      for (const child of type.cascadesTo) runBehind(this.#traceOf(child).latest)
    }
    return floor
  }

  /** Whether a row in this group still stands for its object: no cascade came behind it. */
  isCurrent(group: StatementGroup): boolean {
    const { cascades } = this.#traceOf(group.type.name)
    return cascades === undefined || runsBehind(group, cascades)
  }

  /** Notes where the operation's row was put. */
  place({ type, operation }: Source, group: StatementGroup): void {
    const own = this.#traceOf(type.name)
    own.latest = later(own.latest, group)
    if (takes(type, operation)) own.takes = later(own.takes, group)
    for (const link of type.parents) {
      const trace = this.#traceOf(link.parent)
      if (releases(operation, link.changeable)) trace.released = later(trace.released, group)
      if (!needs(operation, link)) continue
      const key = link.isByKey ? keyIn(operation.object, link.properties) : undefined
      if (key === undefined) trace.neededOtherwise = later(trace.neededOtherwise, group)
      else trace.neededByKey.set(key, later(trace.neededByKey.get(key), group))
    }
    if (!drops(type, operation)) return
    own.drops = later(own.drops, group)
    for (const child of type.cascadesTo) {
      const trace = this.#traceOf(child)
      trace.cascades = later(trace.cascades, group)
    }
  }

  #traceOf(type: string): Trace {
    let trace = this.#traces.get(type)
    if (!trace) {
      trace = { neededByKey: new Map() }
      this.#traces.set(type, trace)
    }
    return trace
  }
}

/** Of each kind of rows of a type, or that concern it, the last group in the order of running. */
interface Trace {
  latest?: StatementGroup
  takes?: StatementGroup
  /** Deletes, and changes of what foreign keys lead to. */
  drops?: StatementGroup
  /** Children's rows that let a parent of this type go. */
  released?: StatementGroup
  /** Children's rows that need a parent of this type, by the parent's key where it is known. */
  neededOtherwise?: StatementGroup
  /** Parents' rows whose cascade may reach this type. */
  cascades?: StatementGroup
  readonly neededByKey: Map<string, StatementGroup>
}

type Place = Pick<StatementGroup, 'type' | 'effect'>

/** The first level at which a row runs behind a group, or in it where that will do. */
function levelBehind(place: Place, group: StatementGroup | undefined, inItself = false): number {
  if (!group) return 0
  const { type, effect } = place
  const level = levelAfter(group.level - 1, effect)
  if (level > group.level || runsBehind({ type, effect, level }, group)) return level
  const isSame = type === group.type && effect === group.effect
  return isSame && inItself && effect !== 'delete' ? level : levelAfter(group.level, effect)
}

function later(a: StatementGroup | undefined, b: StatementGroup): StatementGroup {
  return a && runsBehind(a, b) ? a : b
}

const inserts: ReadonlySet<OperationKind> = new Set(['create', 'upsert'])

/** Whether it may take a value that only one object can have; an insert does so by defaults too. */
function takes(type: ObjectType, operation: Operation): boolean {
  return inserts.has(operation.kind) || touchesShared(type, operation)
}

/** Whether it may leave such a value to others. */
function frees(type: ObjectType, operation: Operation): boolean {
  if (operation.kind === 'create') return false
  return operation.kind === 'delete' || touchesShared(type, operation)
}

/** Whether children may refer to something that was not there before. */
function provides(type: ObjectType, operation: Operation): boolean {
  return inserts.has(operation.kind) || touches(operation, type.referenced)
}

/** Whether children may lose what they refer to. */
function drops(type: ObjectType, operation: Operation): boolean {
  return operation.kind === 'delete' || touches(operation, type.referenced)
}

/** Whether a child may cease to refer to its parent. */
function releases(operation: Operation, changeable: readonly string[]): boolean {
  if (operation.kind === 'create') return false
  return operation.kind === 'delete' || touches(operation, changeable)
}

/** Whether a child may come to refer to a parent; an insert does so by defaults too. */
function needs(operation: Operation, { properties, changeable }: ParentLink): boolean {
  const { kind, object } = operation
  if (kind === 'delete' || properties.some((property) => object[property] === null)) return false
  return inserts.has(kind) || touches(operation, changeable)
}

function keyIn(object: WireObject, properties: readonly string[]): string | undefined {
  if (properties.some((property) => object[property] === undefined)) return undefined
  return keyText(properties, object)
}

function touchesShared({ properties }: ObjectType, { object, by }: Operation): boolean {
  for (const values of [object, by]) {
    for (const property in values) {
      const rules = properties.get(property)
      if (rules?.role === 'value' && rules.shared) return true
    }
  }
  return false
}

function touches({ object, by }: Operation, properties: readonly string[]): boolean {
  return properties.some((property) => property in object || (by && property in by))
}
