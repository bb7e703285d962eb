import type { FailureCode } from '../../core/failure.ts'
import type { JsonValue, WireObject } from '../../core/operation.ts'
import type { ModelColumn, ModelType } from './model-type.ts'
import { keyText } from './model-type.ts'

/**
 * The tables of one shard, in memory: rows that never change in place, and the constraints that
 * MySQL checks at each row it writes.
 */
export class ModelTables {
  readonly #types: ReadonlyMap<string, ModelType>
  readonly #tables: Map<string, Map<string, WireObject>>

  constructor(
    types: Iterable<ModelType> | ReadonlyMap<string, ModelType>,
    tables: Map<string, Map<string, WireObject>> = new Map(),
  ) {
    this.#types =
      types instanceof Map
        ? types
        : new Map([...(types as Iterable<ModelType>)].map((type) => [type.name, type]))
    this.#tables = tables
  }

  typeNamed(name: string): ModelType {
    const type = this.#types.get(name)
    if (!type) throw new Error(`the model has no type ${name}`)
    return type
  }

  clone(): ModelTables {
    const tables = new Map([...this.#tables].map(([name, rows]) => [name, new Map(rows)]))
    return new ModelTables(this.#types, tables)
  }

  /** Every row of every table, in an order that does not depend on how it came to be. */
  snapshot(): Record<string, WireObject[]> {
    const snapshot: Record<string, WireObject[]> = {}
    for (const name of [...this.#tables.keys()].sort()) {
      const rows = [...this.#tables.get(name)!].sort(([a], [b]) => (a < b ? -1 : 1))
      if (rows.length > 0) snapshot[name] = rows.map(([, row]) => row)
    }
    return snapshot
  }

  find(type: ModelType, table: number, object: WireObject): WireObject | undefined {
    return this.#rows(type, table).get(keyText(type, object))
  }

  /** Writes a new row; columns that are not given get their defaults. */
  insert(type: ModelType, table: number, given: WireObject): FailureCode | undefined {
    const row: Record<string, JsonValue> = {}
    for (const [property, column] of type.columns) {
      if (!column.tables.includes(table)) continue
      row[property] = stored(
        column,
        given[property] === undefined ? column.default : given[property],
      )
    }
    return this.#write(type, table, row)
  }

  /** Sets columns of a row that is there; those that the table does not hold are left out. */
  change(type: ModelType, table: number, values: WireObject): FailureCode | undefined {
    const row: Record<string, JsonValue> = { ...this.find(type, table, values)! }
    for (const [property, column] of type.columns) {
      if (!column.tables.includes(table)) continue
      if (column.countsChanges) row[property] = Number(row[property]) + 1
      const value = values[property]
      if (column.role === 'value' && value !== undefined) row[property] = stored(column, value)
    }
    return this.#write(type, table, row)
  }

  remove(type: ModelType, table: number, object: WireObject): FailureCode | undefined {
    const row = this.find(type, table, object)
    this.#rows(type, table).delete(keyText(type, object))
    if (table !== 0 || !row || this.#releaseReferences(type, object)) return undefined
    this.#rows(type, table).set(keyText(type, object), row)
    return 'foreign_key'
  }

  #write(type: ModelType, table: number, row: WireObject): FailureCode | undefined {
    const violation = this.#violation(type, table, row)
    if (!violation) this.#rows(type, table).set(keyText(type, row), row)
    return violation
  }

  #violation(type: ModelType, table: number, row: WireObject): FailureCode | undefined {
    for (const [property, { holds, range }] of type.columns) {
      const value = row[property]
      if (holds !== 'integer' || value == null) continue
      if (Number(value) < range[0] || Number(value) > range[1]) return 'out_of_range'
    }
    if (table === 0 && type.check && !type.check(row)) return 'check_violation'
    const uniqueKeys = [...type.columns].filter(([, { unique }]) => unique).map(([name]) => [name])
    for (const columns of [...uniqueKeys, type.uniqueTogether]) {
      if (this.#isTaken(type, table, row, columns)) return 'duplicate_value'
    }
    for (const [property, { references }] of type.columns) {
      const value = row[property]
      if (!references || value == null) continue
      const parent = this.typeNamed(references)
      if (!this.find(parent, 0, { [parent.key[0]!]: value })) return 'foreign_key'
    }
    return undefined
  }

  #isTaken(type: ModelType, table: number, row: WireObject, columns: readonly string[]): boolean {
    if (columns.length === 0 || columns.some((column) => row[column] == null)) return false
    const own = keyText(type, row)
    for (const [key, other] of this.#rows(type, table)) {
      if (key !== own && columns.every((column) => other[column] === row[column])) return true
    }
    return false
  }

  /** False if a row refers to the object and may not go with it. */
  #releaseReferences(parent: ModelType, object: WireObject): boolean {
    for (const type of this.#types.values()) {
      for (const [property, { references, onDelete }] of type.columns) {
        if (references !== parent.name) continue
        for (const row of [...this.#rows(type, 0).values()]) {
          if (row[property] !== object[parent.key[0]!]) continue
          if (onDelete === 'restrict') return false
          this.remove(type, 0, row)
        }
      }
    }
    return true
  }

  #rows(type: ModelType, table: number): Map<string, WireObject> {
    const name = `${type.name}/${table}`
    let rows = this.#tables.get(name)
    if (!rows) {
      rows = new Map()
      this.#tables.set(name, rows)
    }
    return rows
  }
}

/** Integers come as numbers or as texts, and are kept as one of them. */
function stored({ holds }: ModelColumn, value: JsonValue): JsonValue {
  return holds === 'integer' && value !== null ? Number(value) : value
}
