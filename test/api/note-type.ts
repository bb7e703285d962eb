import type { ObjectType, OperationIssue } from '../../core/object-type.ts'
import type { JsonValue, OperationKind, WireObject } from '../../core/operation.ts'
import { operationKinds } from '../../core/operation.ts'

const everyKind = <T>(value: T): Record<OperationKind, T> =>
  Object.fromEntries(operationKinds.map((kind) => [kind, value])) as Record<OperationKind, T>

const properties = ['id', 'userId', 'text', 'likes', 'extra']

/**
 * A note, written by hand as small as a type can be: `id` and `userId` are decimal strings, `text` a
 * string, `likes` a safe integer, `extra` any JSON. Its shard is `userId` modulo 4.
 */
export function noteType(name = 'note'): ObjectType {
  return {
    name,
    ordinal: 0,
    key: ['id'],
    tables: everyKind([0]),
    tableNames: ['notes'],
    rowsPerStatement: everyKind(100),
    ordered: false,
    mergeable: true,
    independent: true,
    entangled: false,
    parents: [],
    referenced: [],
    cascadesTo: [],
    properties: new Map(),
    shardOf: ({ userId }) => Number(userId) % 4,
    compareKeys: (a, b) => Number(a.id) - Number(b.id),
    parse: parseNote,
  }
}

function parseNote(kind: OperationKind, object: unknown, by: unknown, issues: OperationIssue[]) {
  const before = issues.length
  const note = parseObject(object, '/object', issues)
  for (const property of ['id', 'userId']) {
    const value = note[property]
    const isKey = typeof value === 'string' && /^\d+$/.test(value)
    if (!isKey) issues.push({ path: `/object/${property}`, message: 'must be a decimal string' })
  }
  if ('text' in note && typeof note.text !== 'string') {
    issues.push({ path: '/object/text', message: 'must be a string' })
  }
  if ('likes' in note && !Number.isSafeInteger(note.likes)) {
    issues.push({ path: '/object/likes', message: 'must be a safe integer' })
  }
  if (kind === 'increment') {
    const amounts = parseObject(by, '/by', issues)
    return issues.length === before ? { object: note, by: amounts } : undefined
  }
  if (by !== undefined) issues.push({ path: '/by', message: 'belongs to increments only' })
  return issues.length === before ? { object: note } : undefined
}

function parseObject(value: unknown, path: string, issues: OperationIssue[]): WireObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.push({ path, message: 'must be an object' })
    return {}
  }
  const parsed: Record<string, JsonValue> = {}
  for (const [name, held] of Object.entries(value)) {
    if (properties.includes(name)) parsed[name] = held
    else issues.push({ path: `${path}/${name}`, message: 'is unknown' })
  }
  return parsed
}
