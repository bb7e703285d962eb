import { expect } from 'vitest'
import type { Operation, OperationKind, WireObject } from '../../core/operation.ts'
import { noPlanLimits, planWindow } from '../../core/plan.ts'
import { applyInOrder } from './model-database.ts'
import { ModelTables } from './model-tables.ts'
import type { ModelType } from './model-type.ts'
import { sourcesOf } from './sample-operations.ts'
import { sampleTypes } from './sample-types.ts'
import { applyWindow } from './window-run.ts'

/** Operations on one object in one window: what is planned, and what becomes of each. */
export interface MergeCase {
  readonly on: ModelType
  /** The object as it is at first; undefined if it is missing. */
  readonly existing?: WireObject
  /** A kind with its values, or with an increment's amounts; `userId` where it is not 7. */
  readonly steps: readonly (readonly [OperationKind, WireObject?])[]
  /** The effects of the planned statements. */
  readonly statements: string
  readonly outcomes: string
}

/** Plans and applies a case, and compares it with its operations applied one by one. */
export async function checkMerge(given: MergeCase): Promise<void> {
  const { on, existing, steps, statements, outcomes } = given
  const empty = new ModelTables(sampleTypes)
  const before = existing ? [operationOn(on, 'create', existing)] : []
  const start = applyInOrder(empty, before).tables
  const operations = steps.map(([kind, values]) => operationOn(on, kind, values))
  const sources = sourcesOf(operations, (name) => empty.typeNamed(name))
  const plan = planWindow(sources)
  expect(plan.statements.map(({ effect }) => effect).join(' ')).toBe(statements)
  const window = await applyWindow(start, sources, noPlanLimits)
  const alone = applyInOrder(start, operations)
  expect(window.after.snapshot()).toEqual(alone.tables.snapshot())
  expect(window.outcomes.join(' ')).toBe(outcomes)
  expect(alone.outcomes.join(' ')).toBe(outcomes.replaceAll('superseded', 'applied'))
}

/** An operation on object 1. */
export function operationOn(
  type: ModelType,
  kind: OperationKind,
  given: WireObject = {},
): Operation {
  const { userId = '7', version, ...values } = given
  const region = type.key.includes('region') ? { region: 'eu' } : {}
  const identity = { id: '1', ...region, userId, ...(version === undefined ? {} : { version }) }
  const rest = { index: 0, type: type.name, kind }
  if (kind === 'increment') return { ...rest, object: identity, by: values }
  return { ...rest, object: { ...identity, ...values } }
}
