import type { Operation } from '../../core/operation.ts'
import { applyAlone } from './model-database.ts'
import type { ModelTables } from './model-tables.ts'
import { keyText } from './model-type.ts'
import type { AppliedModelWindow, WindowOutcome } from './window-run.ts'

/** Failures that other objects' rows decide. */
const decidedByOthers: ReadonlySet<WindowOutcome> = new Set(['duplicate_value', 'foreign_key'])

/**
 * An order in which the window's operations, one by one, give its rows and outcomes; undefined if
 * there is none. It keeps each object's log order, and a failure that other objects decide stands
 * at its very place in the log: all that came before it has run, and nothing that came after.
 */
export function explainingOrder(window: AppliedModelWindow): readonly Operation[] | undefined {
  const operations = window.sources.map(({ operation }) => operation)
  const wanted = JSON.stringify(window.after.snapshot())
  return search(window.before, new Set())

  function search(tables: ModelTables, done: ReadonlySet<number>): Operation[] | undefined {
    if (done.size === operations.length) {
      return JSON.stringify(tables.snapshot()) === wanted ? [] : undefined
    }
    for (const next of firstOfEachObject(tables, operations, done)) {
      const outcome = window.outcomes[next]!
      if (decidedByOthers.has(outcome) && !isItsTurn(next, done)) continue
      const { tables: after, outcome: alone } = applyAlone(tables, operations[next]!)
      if (alone !== (outcome === 'superseded' ? 'applied' : outcome)) continue
      const rest = search(after, new Set([...done, next]))
      if (rest) return [operations[next]!, ...rest]
    }
    return undefined
  }
}

function firstOfEachObject(
  tables: ModelTables,
  operations: readonly Operation[],
  done: ReadonlySet<number>,
): number[] {
  const first = new Map<string, number>()
  for (const [i, { type, object }] of operations.entries()) {
    const key = `${type} ${keyText(tables.typeNamed(type), object)}`
    if (!done.has(i) && !first.has(key)) first.set(key, i)
  }
  return [...first.values()]
}

function isItsTurn(index: number, done: ReadonlySet<number>): boolean {
  return done.size === index && [...done].every((other) => other < index)
}
