import fc from 'fast-check'
import type { JsonValue, Operation, OperationKind } from '../../../core/operation.ts'
import { operationKinds } from '../../../core/operation.ts'
import { offset } from '../../../core/position.ts'
import type { Source } from '../../../core/source.ts'
import type { DatabaseType } from '../../../db/types/database-type.ts'
import type { Design } from './design.ts'

/** What a client could send of a design's types: valid, in any spelling, on few objects. */
export function operationsOn(design: Design, maxLength: number): fc.Arbitrary<Operation[]> {
  const each = [...design.types.values()].map((type) =>
    fc.oneof(...operationKinds.map((kind) => operationOf(type, kind, design.values))),
  )
  return fc
    .array(fc.oneof(...each), { minLength: 1, maxLength })
    .map((operations) =>
      operations.flatMap((operation, index) => (operation ? [{ ...operation, index }] : [])),
    )
}

/** As a worker reads them. */
export function sourcesOf(operations: readonly Operation[], { types }: Design): readonly Source[] {
  return operations.map((operation, i) => ({
    operation,
    type: types.get(operation.type)!,
    origin: { job: `job-${i}`, tenant: 'tests' },
    end: { offset: offset(i + 1), operation: 0 },
  }))
}

/** Undefined where nothing is left to say, such as an update that sets nothing. */
function operationOf(
  type: DatabaseType,
  kind: OperationKind,
  values: Design['values'],
): fc.Arbitrary<Operation | undefined> {
  const columns = new Map(
    type.databaseTables.flatMap((table) => table.columns.map((c) => [c.property, c] as const)),
  )
  const identity: Record<string, fc.Arbitrary<JsonValue>> = {}
  const others: Record<string, fc.Arbitrary<JsonValue>> = {}
  for (const [property, { role }] of columns) {
    const any = fc.constantFrom(...(values[property] ?? []))
    if (role !== 'value' || property === type.version) identity[property] = any
    else others[property] = any
  }
  const some = fc.record(others, { requiredKeys: [] })
  return fc.tuple(fc.record(identity), some).map(([keys, given]) => {
    const isSet = kind === 'create' || kind === 'upsert' || kind === 'update'
    const object = isSet ? { ...keys, ...given } : keys
    return parsed(type, kind, object, kind === 'increment' ? given : undefined)
  })
}

/** Leaves out what this kind does not take, as a client would after its first 422. */
function parsed(
  type: DatabaseType,
  kind: OperationKind,
  object: Readonly<Record<string, unknown>>,
  by: Readonly<Record<string, unknown>> | undefined,
): Operation | undefined {
  const issues: { path: string; message: string }[] = []
  const accepted = type.parse(kind, object, by, issues)
  if (accepted) return { index: 0, type: type.name, kind, ...accepted }
  const refused = new Set(issues.map(({ path }) => path))
  const without = (values: Readonly<Record<string, unknown>>, path: string) =>
    Object.fromEntries(Object.entries(values).filter(([name]) => !refused.has(`${path}/${name}`)))
  const less = without(object, '/object')
  const lessBy = by && without(by, '/by')
  const isLess =
    Object.keys(less).length < Object.keys(object).length ||
    (by && Object.keys(lessBy!).length < Object.keys(by).length)
  return isLess ? parsed(type, kind, less, lessBy) : undefined
}
