import { type SQL, sql } from 'drizzle-orm'
import type { PlannedColumn, PlannedTable } from './effect-plan.ts'
import { amountType } from './effect-plan.ts'
import type { NewRows } from './match.ts'
import { flagBit, flagsPerWord, type RowLayout } from './row-layout.ts'

/**
 * The batch as a derived table `new` over the statement's one parameter. ERROR ON ERROR, since
 * without it a value that does not fit becomes NULL silently. It declares what was asked of it.
 */
export class JsonTable implements NewRows {
  readonly #layout: RowLayout
  readonly #columns = new Map<string, SQL>()

  constructor(layout: RowLayout) {
    this.#layout = layout
  }

  /** The value of a column as the row gives it. */
  value(column: PlannedColumn): SQL {
    const value = this.#declare(column.name, column.jsonType, this.#layout.path(column.slot))
    return column.fromJson ? column.fromJson(value) : value
  }

  /** Whether the row gives the column: an absent one differs from NULL. */
  has(column: PlannedColumn): SQL {
    const word = Math.floor(column.slot / flagsPerWord)
    const flags = this.#declare(`#${word}`, 'INT UNSIGNED', `$[${word}]`)
    return sql`${flags} & ${sql.raw(String(flagBit(column.slot)))}`
  }

  /** The amount to add to a column; NULL where there is none. */
  amount(column: PlannedColumn): SQL {
    return this.#declare(`+${column.name}`, amountType(column)!, this.#layout.path(column.addSlot!))
  }

  guard({ column, slot }: NonNullable<PlannedTable['guard']>): SQL {
    const version = this.#declare(`<${column.name}`, column.jsonType, this.#layout.path(slot))
    return column.fromJson ? column.fromJson(version) : version
  }

  /** The row's place in the batch, from 1. */
  ordinal(): SQL {
    const name = sql.identifier('#')
    this.#columns.set('#', sql`${name} FOR ORDINALITY`)
    return sql`${row}.${name}`
  }

  /** Always true, and leaves the row's place behind for when the statement fails at it. */
  mark(): SQL {
    return sql`LAST_INSERT_ID(${this.ordinal()})`
  }

  /** `JSON_TABLE(…) AS new`. */
  get source(): SQL {
    const columns = sql.join([...this.#columns.values()], sql`, `)
    return sql`JSON_TABLE(${sql.placeholder('rows')}, '$[*]' COLUMNS (${columns})) AS ${row}`
  }

  #declare(name: string, type: string, path: string): SQL {
    const identifier = sql.identifier(name)
    const declaration = sql`${identifier} ${sql.raw(type)} PATH ${sql.raw(`'${path}'`)} ERROR ON ERROR`
    this.#columns.set(name, declaration)
    return sql`${row}.${identifier}`
  }
}

const row = sql.identifier('new')
