import fc from 'fast-check'
import type { Operation } from '../../core/operation.ts'
import type { Source } from '../../core/source.ts'
import { applyInOrder } from './model-database.ts'
import { ModelTables } from './model-tables.ts'
import { noNames, type RowNaming, trueNames } from './model-transaction.ts'
import type { ModelType } from './model-type.ts'
import { withRowsPerStatement } from './model-type.ts'
import { operationsOn, sourcesOf } from './sample-operations.ts'
import { sampleTypes } from './sample-types.ts'

/** What a random run of a shard is made of. */
export interface SampleRun {
  readonly types: readonly string[]
  /** The rows that are there at first, by the operations that made them. */
  readonly existing: readonly Operation[]
  readonly operations: readonly Operation[]
  readonly statements: number
  readonly windowOperations: number
  readonly rowsPerStatement: number
  readonly naming: keyof typeof namings
}

/** MySQL names the failing row, none, always a certain one, or now this and now that. */
export const namings = {
  none: noNames,
  true: trueNames,
  first: () => 0,
  last: (_, rows) => rows - 1,
  sometimes: (failingRow, rows) => [failingRow, undefined, 0][rows % 3],
} satisfies Record<string, RowNaming>

/** Runs on the types given, all of them together or each by itself. */
export function sampleRuns(
  typeLists: readonly (readonly ModelType[])[],
  maxOperations: number,
): fc.Arbitrary<SampleRun> {
  return fc.constantFrom(...typeLists).chain((types) =>
    fc.record({
      types: fc.constant(types.map(({ name }) => name)),
      existing: operationsOn(types, { maxLength: 6 }),
      operations: operationsOn(types, { minLength: 1, maxLength: maxOperations }),
      statements: fc.integer({ min: 1, max: 8 }),
      windowOperations: fc.integer({ min: 1, max: maxOperations }),
      rowsPerStatement: fc.integer({ min: 1, max: 5 }),
      naming: fc.constantFrom(...(Object.keys(namings) as (keyof typeof namings)[])),
    }),
  )
}

/** The shard as it stands before a run, and the run's operations as a worker reads them. */
export function begin(run: SampleRun): {
  readonly start: ModelTables
  readonly sources: readonly Source[]
} {
  const rowsPerStatement = withRowsPerStatement(run.rowsPerStatement)
  const empty = new ModelTables(
    sampleTypes
      .filter(({ name }) => run.types.includes(name))
      .map((type) => ({ ...type, rowsPerStatement })),
  )
  const start = applyInOrder(empty, run.existing).tables
  return { start, sources: sourcesOf(run.operations, (name) => empty.typeNamed(name)) }
}
