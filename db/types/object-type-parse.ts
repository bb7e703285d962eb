import type { OperationIssue } from '../../core/object-type.ts'
import type { JsonValue, Operation, OperationKind, WireObject } from '../../core/operation.ts'
import type { ValueRule } from '../columns/column.ts'
import { describe, refusal } from '../columns/column.ts'
import type { CompiledProperty } from './object-type-properties.ts'
import type { ShardRoute } from './shard-route.ts'

export interface ParserOptions {
  readonly name: string
  readonly key: readonly string[]
  readonly version: string | undefined
  readonly shardBy: ShardRoute
  readonly shards: number
  readonly properties: ReadonlyMap<string, CompiledProperty>
  /** Properties that MySQL computes. */
  readonly generated: readonly string[]
}

export type ParseOperation = (
  object: unknown,
  by: unknown,
  issues: OperationIssue[],
) => Pick<Operation, 'object' | 'by'> | undefined

/** Issues of one operation, at most: a hostile object may have any number of members. */
const maxIssues = 20
/** Characters of an unknown member's name that are repeated to its sender. */
const maxNameLength = 64

/** How one property is read in one kind of operation. */
interface Reader {
  readonly rule: ValueRule
  readonly path: string
  readonly isNullable: boolean
  readonly isRequired: boolean
}

/** How the members of `object` or of `by` are read in one kind of operation. */
interface MemberRules {
  readonly path: string
  readonly readers: ReadonlyMap<string, Reader>
  readonly requiredCount: number
  /** What is wrong if there are only required members; undefined where that is right. */
  readonly onlyRequired: string | undefined
  whyUnknown(name: string): string
}

/**
 * The parser of one kind. It walks the members that were sent, once, and hands back the very object
 * if all its values are canonical already: copies are what costs, on the way of every operation.
 */
export function compileParser(kind: OperationKind, options: ParserOptions): ParseOperation {
  const { shardBy, shards } = options
  const ofObject = objectRules(kind, options)
  const ofAmounts = amountRules(options)

  return (object, by, issues) => {
    const before = issues.length
    const parsedObject = readMembers(object, ofObject, issues)
    let parsedBy: WireObject | undefined
    if (kind === 'increment') parsedBy = readMembers(by, ofAmounts, issues)
    else if (by !== undefined) issues.push({ path: '/by', message: 'belongs to increments only' })
    if (issues.length > before || !parsedObject) return undefined
    if (!shardBy.isTotal) checkShard(parsedObject, issues)
    if (issues.length > before) return undefined
    return parsedBy ? { object: parsedObject, by: parsedBy } : { object: parsedObject }
  }

  function checkShard(object: WireObject, issues: OperationIssue[]): void {
    let shard: unknown
    try {
      shard = shardBy.shardOf(object, shards)
    } catch {
      // Its message may hold the values.
    }
    if (Number.isInteger(shard) && (shard as number) >= 0 && (shard as number) < shards) return
    const found = Number.isInteger(shard) ? `shard ${shard}` : 'no shard'
    issues.push({
      path: pointer('/object', shardBy.properties[0] ?? ''),
      message: `leads to ${found} by ${shardBy.name}, expected 0 to ${shards - 1}`,
    })
  }
}

function objectRules(kind: OperationKind, options: ParserOptions): MemberRules {
  const { properties, key, shardBy, version } = options
  const identity = new Set([...key, ...shardBy.properties])
  if (version !== undefined) identity.add(version)
  const isInsert = kind === 'create' || kind === 'upsert'
  const takesValues = isInsert || kind === 'update'
  const readers = new Map<string, Reader>()
  for (const { name, value, tables, isNullable, isRequired } of properties.values()) {
    const isIdentity = identity.has(name)
    if (!isIdentity && !(takesValues && tables[kind] !== '')) continue
    readers.set(name, {
      rule: value,
      path: pointer('/object', name),
      isNullable: isNullable && !isIdentity,
      isRequired: isIdentity || (isInsert && isRequired[kind]),
    })
  }
  return {
    path: '/object',
    readers,
    requiredCount: [...readers.values()].filter(({ isRequired }) => isRequired).length,
    onlyRequired: kind === 'update' ? 'sets nothing: give at least one value to change' : undefined,
    whyUnknown: (name) => whyRefused(name, kind, options),
  }
}

function amountRules(options: ParserOptions): MemberRules {
  const readers = new Map<string, Reader>()
  for (const { name, role, amount, tables } of options.properties.values()) {
    const isAddable = role === 'value' && name !== options.version && tables.increment !== ''
    if (!amount || !isAddable) continue
    const path = pointer('/by', name)
    readers.set(name, { rule: amount, path, isNullable: false, isRequired: false })
  }
  return {
    path: '/by',
    readers,
    requiredCount: 0,
    onlyRequired: 'adds nothing: give at least one amount',
    whyUnknown: (name) => whyNoAmount(name, options),
  }
}

/** The members as a canonical object; undefined, with issues added, if it is none. */
function readMembers(
  value: unknown,
  { path, readers, requiredCount, onlyRequired, whyUnknown }: MemberRules,
  issues: OperationIssue[],
): WireObject | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.push({ path, message: `must be an object, not ${describe(value)}` })
    return undefined
  }
  const members = value as Record<string, unknown>
  let canonical = members as Record<string, JsonValue>
  let required = 0
  let optional = 0
  const before = issues.length
  for (const name in members) {
    const reader = readers.get(name)
    if (reader === undefined) {
      issues.push({ path: pointer(path, shortened(name)), message: whyUnknown(name) })
      if (issues.length - before >= maxIssues) return undefined
      continue
    }
    if (reader.isRequired) required++
    else optional++
    const member = members[name]
    if (member === null && reader.isNullable) continue
    const accepted = member === null ? undefined : reader.rule.accept(member)
    if (accepted === undefined) {
      issues.push({ path: reader.path, message: refusal(reader.rule, member) })
    } else if (accepted !== member) {
      if (canonical === members) canonical = { ...members } as Record<string, JsonValue>
      canonical[name] = accepted
    }
  }
  if (required < requiredCount) reportMissing(members, readers, issues)
  if (optional === 0 && onlyRequired && issues.length === before) {
    issues.push({ path, message: onlyRequired })
  }
  return canonical
}

function reportMissing(
  members: object,
  readers: ReadonlyMap<string, Reader>,
  issues: OperationIssue[],
): void {
  for (const [name, { rule, path, isRequired }] of readers) {
    if (!isRequired || Object.hasOwn(members, name)) continue
    issues.push({ path, message: `is missing: it must be ${rule.expected}` })
  }
}

function whyRefused(name: string, kind: OperationKind, options: ParserOptions): string {
  if (options.generated.includes(name)) return 'is computed by MySQL: leave it out'
  const property = options.properties.get(name)
  if (!property) {
    return `is no property of ${options.name}; known are ${[...options.properties.keys()].join(', ')}`
  }
  if (kind === 'delete') return 'has no place in a delete, which takes the key and the shard key'
  if (kind === 'increment') return 'has no place in an increment: amounts stand in by'
  return `is in no table that is written on ${kind}`
}

function whyNoAmount(name: string, { name: type, properties }: ParserOptions): string {
  const property = properties.get(name)
  if (!property) return `is no property of ${type}`
  return property.amount && property.tables.increment === ''
    ? 'is in no table that is written on increment'
    : 'is nothing that amounts can be added to'
}

function shortened(name: string): string {
  return name.length > maxNameLength ? `${name.slice(0, maxNameLength)}…` : name
}

/** A JSON pointer (RFC 6901) to a member. */
function pointer(path: string, name: string): string {
  return `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
