import fc from 'fast-check'
import type { JsonValue, Operation, OperationKind, WireObject } from '../../core/operation.ts'
import { operationKinds } from '../../core/operation.ts'
import { offset } from '../../core/position.ts'
import type { Source } from '../../core/source.ts'
import type { ModelColumn, ModelType } from './model-type.ts'

/**
 * Random valid operations on few objects with few values, so that they meet: what the API would have
 * let through, wrong shard keys among it.
 */
export function operationsOn(
  types: readonly ModelType[],
  size: { readonly minLength?: number; readonly maxLength: number },
): fc.Arbitrary<Operation[]> {
  return fc
    .array(fc.oneof(...types.map(operationOn)), size)
    .map((operations) => operations.map((operation, index) => ({ ...operation, index })))
}

/** Operations as a consumer reads them; each is its own job, so that counts per job tell them apart. */
export function sourcesOf(
  operations: readonly Operation[],
  typeNamed: (name: string) => ModelType,
): Source[] {
  return operations.map((operation, i) => ({
    operation,
    type: typeNamed(operation.type),
    origin: { job: `job-${i}`, tenant: 'tests' },
    end: { offset: offset(i + 1), operation: 0 },
  }))
}

function operationOn(type: ModelType): fc.Arbitrary<Operation> {
  return fc.oneof(...operationKinds.map((kind) => operationOfKind(type, kind)))
}

function operationOfKind(type: ModelType, kind: OperationKind): fc.Arbitrary<Operation> {
  const values: Record<string, fc.Arbitrary<JsonValue>> = {}
  const amounts: Record<string, fc.Arbitrary<JsonValue>> = {}
  const required: Record<string, fc.Arbitrary<JsonValue>> = {}
  for (const [property, column] of type.columns) {
    if (column.role === 'key') required[property] = fc.constantFrom('1', '2', '3')
    else if (column.role === 'shard') required[property] = wrongAtTimes
    else if (property === type.version) required[property] = fc.integer({ min: 1, max: 5 })
    else if (column.countsChanges || !isWrittenBy(type, kind, column)) continue
    else if (kind === 'increment') addAmount(amounts, property, column)
    else if (kind !== 'delete') values[property] = valueFor(column)
  }
  const object: fc.Arbitrary<WireObject> = fc
    .tuple(fc.record(required), someOf(values))
    .map(([identity, given]) => ({ ...identity, ...given }))
  const operation = { index: 0, type: type.name, kind }
  if (kind !== 'increment') return object.map((given) => ({ ...operation, object: given }))
  const by = someOf(amounts)
  return fc.tuple(object, by).map(([given, add]) => ({ ...operation, object: given, by: add }))
}

function someOf(properties: Record<string, fc.Arbitrary<JsonValue>>): fc.Arbitrary<WireObject> {
  return fc.record(properties, { requiredKeys: [] }) as fc.Arbitrary<WireObject>
}

const wrongAtTimes: fc.Arbitrary<JsonValue> = fc.oneof(
  { weight: 9, arbitrary: fc.constant('7') },
  { weight: 1, arbitrary: fc.constant('8') },
)

function isWrittenBy(type: ModelType, kind: OperationKind, { tables }: ModelColumn): boolean {
  return type.tables[kind].some((table) => tables.includes(table))
}

function addAmount(
  amounts: Record<string, fc.Arbitrary<JsonValue>>,
  property: string,
  { holds }: ModelColumn,
): void {
  if (holds === 'integer') amounts[property] = fc.integer({ min: -4, max: 4 })
  if (holds === 'float') amounts[property] = fc.constantFrom(0.1, 0.2, 0.7)
}

function valueFor({ holds, range, references }: ModelColumn): fc.Arbitrary<JsonValue> {
  if (references !== undefined) return fc.constantFrom(null, '1', '2', '3')
  if (holds === 'float') return fc.constantFrom(0, 0.1, 0.3)
  if (holds === 'text') return fc.constantFrom(null, 'a', 'b')
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 5, arbitrary: fc.integer({ min: range[0], max: range[1] }) },
  )
}
