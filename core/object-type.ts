import type { JsonValue, Operation, OperationKind, WireObject } from './operation.ts'

/**
 * An object type as the core sees it: how its operations are validated, routed, merged and
 * counted in statements. The database layer compiles it from the config's tables.
 */
export interface ObjectType {
  readonly name: string
  /** The place in the order of declaration: parents stand before children. */
  readonly ordinal: number
  /** The properties that identify an object within its shard. */
  readonly key: readonly string[]
  /**
   * The tables that each kind writes, as indexes into the type's list of tables. Every kind writes
   * the first one: an object exists where its row is there.
   */
  readonly tables: Readonly<Record<OperationKind, readonly number[]>>
  /** The tables' names in MySQL, in the order of declaration: for traces and messages. */
  readonly tableNames: readonly string[]
  readonly rowsPerStatement: Readonly<Record<OperationKind, number>>
  /** Operations of this type keep log order among different keys too, and are never merged. */
  readonly ordered: boolean
  /** The property that guards against older writes, if the type has one; every operation gives it. */
  readonly version?: string
  /**
   * False where merging could change the rows that come out: a column that changes by itself
   * (ON UPDATE, a default computed from other columns).
   */
  readonly mergeable: boolean
  /**
   * Whether operations on other objects can't decide if one of this type exists: no foreign key leads
   * to or from its tables. Then `already_exists`, `not_found` and `stale` hold in any order of keys.
   */
  readonly independent: boolean
  /**
   * Whether objects may decide what others of this or another type may be: by a unique key besides
   * the type's own, or by a foreign key. Their operations change places only as far as `Precedence`
   * allows.
   */
  readonly entangled: boolean
  /** The foreign keys that lead from this type's objects to those of types, its own among them. */
  readonly parents: readonly ParentLink[]
  /** The properties besides the key that foreign keys of types lead to. */
  readonly referenced: readonly string[]
  /** The types whose rows MySQL changes or deletes by itself when an object of this one goes. */
  readonly cascadesTo: readonly string[]
  readonly properties: ReadonlyMap<string, PropertyRules>
  /** Places a validated object on a shard: an integer from 0 to the number of shards, exclusive. */
  shardOf(object: WireObject): number
  /** Sorts rows of one statement as the primary key does, so that transactions lock in one order. */
  compareKeys(a: WireObject, b: WireObject): number
  /** Validates and canonicalizes what a client sent for one operation; adds to `issues` on errors. */
  parse(
    kind: OperationKind,
    object: unknown,
    by: unknown,
    issues: OperationIssue[],
  ): Pick<Operation, 'object' | 'by'> | undefined
}

/** What merging needs to know of a property. */
export interface PropertyRules {
  /** `key` and `shard` properties say which object is meant, and are never set on an existing one. */
  readonly role: 'key' | 'shard' | 'value'
  /**
   * Whether a value may fail for a reason that only the database knows (a unique key, a foreign
   * key, a check): merging must not overwrite it unseen.
   */
  readonly constrained: boolean
  /** Whether other objects decide about the value too: it stands in a unique key or a foreign key. */
  readonly shared: boolean
  /** Whether amounts add up exactly (integers, decimals), so that increments may be summed. */
  readonly additive: boolean
  /** Per kind, the tables that hold the property, as a comparable text. */
  readonly tables: Readonly<Record<OperationKind, string>>
  /** How two values of one version column compare; only the version property needs it. */
  compare?(a: JsonValue, b: JsonValue): number
}

/** A foreign key from the objects of one type to those of another, or of the same. */
export interface ParentLink {
  /** The name of the type that it leads to. */
  readonly parent: string
  /** The properties that hold it; where it is by key, in the order of the parent's key. */
  readonly properties: readonly string[]
  /** Those of them that operations may change. */
  readonly changeable: readonly string[]
  /** Whether it leads to the parent's key in the same canonical form: then texts tell who is meant. */
  readonly isByKey: boolean
}

/** What is wrong with one operation: where in it, and what to do about it. */
export interface OperationIssue {
  /** A path inside the operation, as a JSON pointer: `/object/title`. */
  readonly path: string
  readonly message: string
}
